// CIDs against those of ipfs-unixfs-importer (testdata/cids.json, made by make_vectors.mjs), and
// the store's behaviour with good and damaged blocks.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "mintmark/base/file.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/storage/local_store.hpp"

namespace mintmark::storage {
namespace {

namespace fs = std::filesystem;
using wire::Cid;
using wire::Codec;

/// The generator of make_vectors.mjs.
class VectorBytes {
  public:
    VectorBytes(std::uint32_t seed, std::uint64_t size) : state_(seed), left_(size) {}
    std::size_t read(std::span<std::uint8_t> out) {
        const auto size = std::min<std::uint64_t>(left_, out.size());
        for (std::size_t i = 0; i < size; ++i) {
            state_ = state_ * 1664525U + 1013904223U;
            out[i] = static_cast<std::uint8_t>(state_ >> 24U);
        }
        left_ -= size;
        return size;
    }

  private:
    std::uint32_t state_;
    std::uint64_t left_;
};

json::Json vectors(const char* key) {
    const auto file = json::read(MINTMARK_STORAGE_TESTDATA "/cids.json").value();
    return json::get_array(file, key).value();
}

TEST(Unixfs, FilesHaveTheCidsOfIpfs) {
    for (const json::Json& v : vectors("files")) {
        const std::uint64_t size = json::get_u64(v, "size").value();
        VectorBytes content(7, size);
        std::uint64_t dag_bytes = 0;
        const auto root = build_file(
            [&](std::span<std::uint8_t> out) -> Result<std::size_t> { return content.read(out); },
            [&](const Cid&, ByteSpan block) -> Status {
                dag_bytes += block.size();
                return {};
            });
        EXPECT_EQ(root.value().cid.to_string(), json::get_string(v, "cid").value()) << size;
        EXPECT_EQ(root->content_bytes, size);
        EXPECT_EQ(root->dag_bytes, dag_bytes);
    }
}

class StoreTest : public testing::Test {
  protected:
    void SetUp() override {
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    void write(const fs::path& path, std::uint32_t seed, std::uint64_t size) {
        Bytes bytes(size);
        VectorBytes(seed, size).read(bytes);
        ASSERT_TRUE(write_file(folder_ / path, bytes));
    }
    PutReport put(const fs::path& path) {
        return store_.put(open_source(folder_ / path).value()).value();
    }
    fs::path path_of(const Cid& cid) const {
        const std::string text = cid.to_string();
        return folder_ / "store" / "blocks" / text.substr(text.size() - 3, 2) / text;
    }
    Cid put_raw(Codec codec, const Bytes& block) {
        const Cid cid{codec, sha256(block)};
        EXPECT_TRUE(store_.put_block(cid, block));
        return cid;
    }
    Result<std::uint64_t> content_size(const Cid& cid) {
        std::uint64_t size = 0;
        const auto done = read_file_content(
            cid, 1'000'000, [&](const Cid& c) { return store_.get_block(c); },
            [&](ByteSpan content) -> Status {
                size += content.size();
                return {};
            });
        if (!done) return std::unexpected(done.error());
        return size;
    }

    fs::path folder_ =
        fs::temp_directory_path() / ("mintmark_store_test." + std::to_string(::getpid()));
    LocalStore store_{folder_ / "store"};
};

TEST_F(StoreTest, FoldersHaveTheCidsOfIpfs) {
    int number = 0;
    for (const json::Json& v : vectors("trees")) {
        const fs::path root = "tree" + std::to_string(number++);
        for (const json::Json& entry : *json::find(v, "entries")) {
            const fs::path path = root / entry[0].get<std::string>();
            if (entry[2].is_null()) {
                fs::create_directories(folder_ / path);
            } else {
                write(path, entry[1].get<std::uint32_t>(), entry[2].get<std::uint64_t>());
            }
        }
        EXPECT_EQ(put(root).root.to_string(), json::get_string(v, "cid").value());
    }
}

TEST_F(StoreTest, PutsVerifiesAndGetsBack) {
    write("in/model.onnx", 1, 700'000);
    write("in/sub/labels", 2, 10);
    const auto source = open_source(folder_ / "in").value();
    const Manifest manifest = build_manifest(source, "").value();
    const PutReport report = put("in");
    EXPECT_EQ(report.content_bytes, 700'010U);
    EXPECT_EQ(report.blocks_written, 7U);  // 3 leaves and their parent, 1 leaf, 2 folders
    EXPECT_TRUE(store_.verify(report.root, manifest));
    ASSERT_TRUE(store_.get(report.root, folder_ / "out"));
    EXPECT_EQ(build_manifest(open_source(folder_ / "out").value(), "").value(), manifest);
    EXPECT_EQ(put("out").root, report.root);

    EXPECT_EQ(store_.get(report.root, folder_ / "small", {}, 1000).error().code,
              ErrorCode::kOutOfRange);
    Manifest other = manifest;
    other.files.pop_back();
    EXPECT_EQ(store_.verify(report.root, other).error().code, ErrorCode::kRejected);
    other = manifest;
    other.files[0].sha256[0] ^= 1U;
    EXPECT_EQ(store_.verify(report.root, other).error().code, ErrorCode::kRejected);
    other = manifest;
    other.files[0].size_bytes = 5;
    EXPECT_EQ(store_.verify(report.root, other).error().code, ErrorCode::kRejected);
    other = manifest;
    other.files.push_back({"zzz", 0, {}, {}});
    EXPECT_EQ(store_.verify(report.root, other).error().code, ErrorCode::kRejected);
}

TEST_F(StoreTest, LoneFileHasNoFolder) {
    write("model.onnx", 7, 300'000);
    const auto source = open_source(folder_ / "model.onnx").value();
    const PutReport report = store_.put(source).value();
    EXPECT_TRUE(store_.verify(report.root, build_manifest(source, "").value()));
    ASSERT_TRUE(store_.get(report.root, folder_ / "back"));
    EXPECT_EQ(read_file(folder_ / "back").value(), read_file(folder_ / "model.onnx").value());
}

TEST_F(StoreTest, AnInterruptedPutGoesOn) {
    write("model.onnx", 3, 10 * kBlockBytes);
    const auto source = open_source(folder_ / "model.onnx").value();
    std::uint64_t seen = 0;
    const auto stop_half_way = [&](std::uint64_t bytes) {
        return (seen += bytes) < 5 * kBlockBytes;
    };
    EXPECT_EQ(store_.put(source, stop_half_way).error().code, ErrorCode::kInterrupted);
    const PutReport report = store_.put(source).value();
    EXPECT_EQ(report.blocks_kept, 4U);
    EXPECT_EQ(report.blocks_written, 7U);
    EXPECT_EQ(store_.put(source).value().blocks_written, 0U);
    EXPECT_EQ(
        store_.get(report.root, folder_ / "x", [](std::uint64_t) { return false; }).error().code,
        ErrorCode::kInterrupted);
    EXPECT_FALSE(fs::exists(folder_ / "x"));
}

TEST_F(StoreTest, DamageIsFoundAndRepaired) {
    write("model.onnx", 3, 2 * kBlockBytes);
    const PutReport report = put("model.onnx");
    const auto root = decode_unixfs(store_.get_block(report.root).value()).value();
    const Cid leaf = root.links[1].cid;
    Bytes block = store_.get_block(leaf).value();
    block[100] ^= 1U;
    ASSERT_TRUE(write_file(path_of(leaf), block));
    const Error error = store_.get(report.root, folder_ / "x").error();
    EXPECT_EQ(error.code, ErrorCode::kRejected);
    EXPECT_NE(error.message.find(leaf.to_string()), std::string::npos);
    EXPECT_FALSE(fs::exists(folder_ / "x"));
    EXPECT_EQ(put("model.onnx").blocks_written, 1U);
    EXPECT_TRUE(store_.get(report.root, folder_ / "x"));
    fs::remove(path_of(leaf));
    EXPECT_EQ(store_.get(report.root, folder_ / "y").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(store_.put_block(leaf, Bytes{1}).error().code, ErrorCode::kRejected);
    EXPECT_EQ(store_.put_block(leaf, Bytes(3 << 20U)).error().code, ErrorCode::kOutOfRange);
}

TEST_F(StoreTest, TreesThatLieAboutTheirSizesAreRefused) {
    const Cid leaf = put_raw(Codec::kRaw, Bytes(10));
    const auto file = [&](std::optional<std::uint64_t> total, std::vector<std::uint64_t> sizes) {
        UnixfsNode node;
        for (std::size_t i = 0; i < std::max<std::size_t>(sizes.size(), 1); ++i) {
            node.links.push_back({leaf, "", 10});
        }
        node.file_bytes = total;
        node.child_bytes = std::move(sizes);
        return put_raw(Codec::kDagPb, encode(node));
    };
    EXPECT_EQ(content_size(file(20, {10, 10})).value(), 20U);
    EXPECT_FALSE(content_size(file(20, {10})));
    EXPECT_FALSE(content_size(file(10, {10, 10})));
    EXPECT_FALSE(content_size(file(11, {11})));
    EXPECT_FALSE(content_size(file(9, {9})));
    EXPECT_FALSE(content_size(file(10, {})));
    EXPECT_FALSE(content_size(file(10, {10, 0})));
    EXPECT_FALSE(content_size(file(~std::uint64_t{0}, {~std::uint64_t{0}})));
    EXPECT_FALSE(content_size(file(9, {10, ~std::uint64_t{0}})));
    EXPECT_FALSE(content_size(file({}, {10})));
}

TEST_F(StoreTest, DeepOrDoublingTreesAreRefused) {
    Cid file = put_raw(Codec::kRaw, Bytes(1));
    std::uint64_t size = 1;
    for (int i = 0; i < 40; ++i) {
        UnixfsNode node;
        node.links = {{file, "", 0}, {file, "", 0}};
        node.child_bytes = {size, size};
        size *= 2;
        node.file_bytes = size;
        file = put_raw(Codec::kDagPb, encode(node));
    }
    EXPECT_EQ(content_size(file).error().code, ErrorCode::kOutOfRange);
    Cid folder = put_raw(Codec::kRaw, {});
    for (int i = 0; i < 30; ++i) {
        UnixfsNode node;
        node.kind = UnixfsKind::kFolder;
        node.links = {{folder, "a", 0}, {folder, "b", 0}};
        folder = put_raw(Codec::kDagPb, encode(node));
    }
    const auto stop = [count = 0](std::uint64_t) mutable { return ++count < 100; };
    EXPECT_FALSE(store_.get(folder, folder_ / "bomb", stop));
    EXPECT_EQ(store_.verify(folder, {}).error().code, ErrorCode::kRejected);
}

TEST_F(StoreTest, NamesCannotLeaveTheFolder) {
    const Cid leaf = put_raw(Codec::kRaw, Bytes(1));
    for (const char* name : {"..", ".", "", "a/b", "/etc/x"}) {
        UnixfsNode node;
        node.kind = UnixfsKind::kFolder;
        node.links = {{leaf, name, 1}};
        const Cid folder = put_raw(Codec::kDagPb, encode(node));
        EXPECT_EQ(store_.get(folder, folder_ / "out").error().code, ErrorCode::kMalformed) << name;
    }
}

TEST(DagPb, RandomAndCutBytesNeverBreakTheDecoder) {
    UnixfsNode node;
    node.links = {{Cid{}, "name", 300}, {Cid{}, "", 5}};
    node.data = Bytes(20);
    node.file_bytes = 325;
    node.child_bytes = {300, 5};
    const Bytes good = encode(node);
    EXPECT_EQ(encode(decode_unixfs(good).value()), good);
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(decode_unixfs(ByteSpan(good).first(size))) << size;
    }
    SeededRng rng(1);
    for (int round = 0; round < 5000; ++round) {
        Bytes bad = good;
        for (int i = 0; i < 3; ++i) {
            bad[rng.next() % bad.size()] = static_cast<std::uint8_t>(rng.next());
        }
        static_cast<void>(decode_unixfs(bad));
        bad.resize(rng.next() % 64);
        rng.fill(bad);
        static_cast<void>(decode_unixfs(bad));
    }
    EXPECT_FALSE(decode_unixfs(from_hex("0a020805").value()));  // HAMT shard
    EXPECT_FALSE(decode_unixfs(from_hex("0a00").value()));
}

}  // namespace
}  // namespace mintmark::storage
