// The index on disk: the events, the entities folded from them, and the last blocks' hashes. One
// writer at a time is made sure of by the cursor, so that several processes may share a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/chain/deployment.hpp"
#include "mintmark/index/events.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::index {

struct BlockRef {
    std::uint64_t number = 0;
    Bytes32 hash = {};  ///< zero: nothing is indexed yet
    std::uint64_t time = 0;
    friend bool operator==(const BlockRef&, const BlockRef&) = default;
};

/// What is new: events of (tip.number, last block's number], and the hashes to keep.
struct Batch {
    std::vector<Event> events = {};
    std::vector<BlockRef> blocks = {};  ///< ascending; the last one is the new tip
    std::size_t keep = 128;             ///< blocks whose hashes are kept
};

class Store {
  public:
    /// A file of another chain, deployment or format is emptied. kIo.
    [[nodiscard]] static Result<Store> open(const std::filesystem::path& path,
                                            const chain::Deployment& deployment);

    /// Whether there is a file of this deployment and format; changes nothing. kIo.
    [[nodiscard]] static Result<bool> is_of(const std::filesystem::path& path,
                                            const chain::Deployment& deployment);

    /// The last block that is in. `number` is the deployment's first block minus one in an empty
    /// index.
    [[nodiscard]] Result<BlockRef> tip();
    /// Blocks whose hashes are kept, the newest first.
    [[nodiscard]] Result<std::vector<BlockRef>> kept_blocks();
    /// kRejected when the tip is not `expected` any more: another process was faster.
    [[nodiscard]] Status apply(const BlockRef& expected, const Batch& batch);
    /// Undoes what is above a kept block. kRejected as above.
    [[nodiscard]] Status roll_back(const BlockRef& expected, const BlockRef& to);
    /// Empties the index.
    [[nodiscard]] Status clear();

    [[nodiscard]] Result<std::optional<json::Json>> entity(const std::string& name);
    struct Named {
        std::string name;
        json::Json value;
    };
    /// Of one kind ('p', …), by name; `owner`: only his ("0x…", lower case).
    [[nodiscard]] Result<std::vector<Named>> entities(char kind, const std::string& owner = "");
    [[nodiscard]] Result<std::uint64_t> num_events();

  private:
    Store(std::unique_ptr<sql::Database> database, std::uint64_t first)
        : database_(std::move(database)), first_(first) {}
    [[nodiscard]] Status expect_tip(const BlockRef& expected);
    [[nodiscard]] Status put_tip(const BlockRef& tip);
    [[nodiscard]] Status put_entity(const std::string& name, const json::Json& value);
    [[nodiscard]] Status fold_again(const std::string& name);
    [[nodiscard]] Status empty();

    std::unique_ptr<sql::Database> database_;
    std::uint64_t first_;
};

}  // namespace mintmark::index
