#include "mintmark/storage/manifest.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "mintmark/base/file.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/storage/file_reader.hpp"
#include "mintmark/storage/merkle.hpp"

namespace mintmark::storage {
namespace {

TEST(Merkle, MatchesTheCertificateTransparencyVectors) {
    const char* leaves[] = {"",
                            "00",
                            "10",
                            "2021",
                            "3031",
                            "40414243",
                            "5051525354555657",
                            "606162636465666768696a6b6c6d6e6f"};
    const char* roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                           "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                           "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                           "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                           "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                           "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                           "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                           "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    EXPECT_EQ(merkle_root({}), sha256({}));
    std::vector<Bytes32> hashes;
    for (std::size_t i = 0; i < 8; ++i) {
        hashes.push_back(merkle_leaf(from_hex(leaves[i]).value()));
        EXPECT_EQ(merkle_root(hashes), bytes32_from_hex(roots[i]).value()) << i;
    }
}

TEST(SafePath, StaysInItsFolder) {
    for (const char* good : {"a", "a/b.c", "..a", "a..", "ä/ö"}) EXPECT_TRUE(is_safe_path(good));
    for (const char* bad : {"", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "/"}) {
        EXPECT_FALSE(is_safe_path(bad)) << bad;
    }
    EXPECT_FALSE(is_safe_path(std::string_view("a\0b", 3)));
    EXPECT_FALSE(is_safe_path(std::string(5000, 'a')));
}

class ManifestTest : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::remove_all(folder_);
        Bytes weights(kChunkBytes + 77);
        SeededRng(1).fill(weights);
        ASSERT_TRUE(write_file(folder_ / "model.onnx", weights));
        ASSERT_TRUE(write_text(folder_ / "README.md", "# card"));
        ASSERT_TRUE(write_text(folder_ / "data" / "labels.txt", ""));
        ASSERT_TRUE(write_text(folder_ / ".git" / "config", "secret"));
        weights_ = weights;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    Manifest build(std::string card = "README.md") {
        return build_manifest(open_source(folder_).value(), std::move(card)).value();
    }

    std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                    ("mintmark_manifest_test." + std::to_string(::getpid()));
    Bytes weights_;
};

TEST_F(ManifestTest, ListsFilesWithTheirHashes) {
    const Manifest manifest = build();
    ASSERT_EQ(manifest.files.size(), 3U);
    EXPECT_EQ(manifest.files[0].path, "README.md");
    EXPECT_EQ(manifest.files[1].path, "data/labels.txt");
    EXPECT_EQ(manifest.files[1].chunk_root, sha256({}));
    const ManifestFile model = manifest.file("model.onnx").value();
    EXPECT_EQ(model.sha256, sha256(weights_));
    EXPECT_EQ(model.size_bytes, weights_.size());
    const ByteSpan all(weights_);
    EXPECT_EQ(model.chunk_root, merkle_root(std::array{merkle_leaf(all.first(kChunkBytes)),
                                                       merkle_leaf(all.subspan(kChunkBytes))}));
    EXPECT_EQ(manifest.total_bytes(), weights_.size() + 6);
    EXPECT_EQ(manifest.file("nothing").error().code, ErrorCode::kNotFound);
    const auto source = open_source(folder_).value();
    EXPECT_EQ(total_bytes(source), manifest.total_bytes());
    EXPECT_EQ(build_manifest(source, "nothing").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(build_manifest(source, "", [](std::uint64_t) { return false; }).error().code,
              ErrorCode::kInterrupted);
}

TEST_F(ManifestTest, RootDependsOnEverything) {
    const Bytes32 root = build().root();
    EXPECT_EQ(build().root(), root);
    EXPECT_NE(build("").root(), root);
    for (int change = 0; change < 5; ++change) {
        Manifest other = build();
        if (change == 0) other.files[0].path = "README.mD";
        if (change == 1) other.files[0].size_bytes++;
        if (change == 2) other.files[1].sha256[3] ^= 1U;
        if (change == 3) other.files[2].chunk_root[3] ^= 1U;
        if (change == 4) other.files.pop_back();
        EXPECT_NE(other.root(), root) << change;
    }
}

TEST_F(ManifestTest, JsonRoundTripsAndLiesAreFound) {
    const Manifest manifest = build();
    const json::Json good = manifest.to_json();
    EXPECT_EQ(Manifest::from_json(good).value(), manifest);
    const auto with = [&](const char* pointer, const json::Json& value) {
        json::Json changed = good;
        changed[json::Json::json_pointer(pointer)] = value;
        return Manifest::from_json(changed).error().code;
    };
    EXPECT_EQ(with("/format", 2), ErrorCode::kUnsupported);
    EXPECT_EQ(with("/files/0/path", "../x"), ErrorCode::kMalformed);
    EXPECT_EQ(with("/files/0/path", "zzz"), ErrorCode::kMalformed);  // not sorted
    EXPECT_EQ(with("/files/1/path", "README.md"), ErrorCode::kMalformed);
    EXPECT_EQ(with("/files/0/sizeBytes", 7), ErrorCode::kRejected);
    EXPECT_EQ(with("/files/0/sha256", "0x00"), ErrorCode::kMalformed);
    EXPECT_EQ(with("/card", "nothing"), ErrorCode::kMalformed);
    EXPECT_EQ(with("/card", ""), ErrorCode::kRejected);
    EXPECT_EQ(with("/root", to_hex(Bytes(32))), ErrorCode::kRejected);
    EXPECT_EQ(with("/files", 3), ErrorCode::kMalformed);
    EXPECT_EQ(Manifest::from_json(json::Json()).error().code, ErrorCode::kMalformed);
}

TEST_F(ManifestTest, SourcesAreFilesAndFoldersOnly) {
    EXPECT_EQ(open_source(folder_ / "none").error().code, ErrorCode::kNotFound);
    const auto file = open_source(folder_ / "model.onnx").value();
    EXPECT_FALSE(file.is_folder);
    EXPECT_EQ(list_files(file)[0].path, "model.onnx");
    const auto both = with_file(file, folder_ / "README.md").value();
    EXPECT_EQ(list_files(both).size(), 2U);
    EXPECT_EQ(list_files(both)[0].path, "README.md");
    EXPECT_EQ(list_files(with_file(both, folder_ / "README.md").value()).size(), 2U);
    ASSERT_TRUE(write_text(folder_ / "other" / "README.md", "x"));
    EXPECT_EQ(with_file(both, folder_ / "other" / "README.md").error().code,
              ErrorCode::kAlreadyExists);
    EXPECT_EQ(with_file(both, folder_ / "other").error().code, ErrorCode::kInvalidArgument);
    std::filesystem::create_symlink(folder_ / "README.md", folder_ / "link");
    EXPECT_EQ(open_source(folder_).error().code, ErrorCode::kUnsupported);
}

/// Python computed the vectors, and Solidity reads them, too.
TEST(ManifestRoot, IsWhatTheContractsTestsCompute) {
    const auto file = std::filesystem::path(MINTMARK_CONTRACT_VECTORS) / "selling" / "signed.json";
    const auto vectors = json::read(file).value();
    ASSERT_FALSE(vectors["manifest"].empty());
    for (json::Json value : vectors["manifest"]) {
        const auto manifest = Manifest::from_json(value);
        ASSERT_TRUE(manifest) << manifest.error().message;
        EXPECT_EQ(to_hex(manifest->root()), value["root"].get<std::string>());
        value["files"][0]["sizeBytes"] = value["files"][0]["sizeBytes"].get<std::uint64_t>() ^ 1U;
        EXPECT_EQ(Manifest::from_json(value).error().code, ErrorCode::kRejected);
    }
}

TEST_F(ManifestTest, FilesAppearWholeOrNotAtAll) {
    {
        auto writer = FileWriter::create(folder_ / "new" / "x").value();
        ASSERT_TRUE(writer.write(Bytes(10)));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "new"));
    auto writer = FileWriter::create(folder_ / "new" / "x").value();
    ASSERT_TRUE(writer.write(Bytes(10)));
    ASSERT_TRUE(writer.commit());
    EXPECT_EQ(read_file(folder_ / "new" / "x").value(), Bytes(10));
}

}  // namespace
}  // namespace mintmark::storage
