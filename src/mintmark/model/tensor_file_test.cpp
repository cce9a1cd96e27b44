// Weights in other files: what is read, and who tries to read what is not his.
#include "mintmark/model/tensor_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <functional>

#include "mintmark/base/file.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::model {
namespace {

namespace fs = std::filesystem;

class TensorFiles : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = fs::path(testing::TempDir()) /
                  ("tensor_files_" + std::to_string(::getpid()) + "_" +
                   testing::UnitTest::GetInstance()->current_test_info()->name());
        fs::create_directories(folder_ / "model");
    }
    void TearDown() override { fs::remove_all(folder_); }

    /// y [1, 3] = x [1, 2] · w [2, 3]; w as `edit` makes it.
    Result<Graph> load(const std::function<void(onnx::TensorProto&)>& edit,
                       const ImportOptions& options = {}) {
        onnx::ModelProto model;
        model.set_ir_version(8);
        model.add_opset_import()->set_version(17);
        onnx::GraphProto& graph = *model.mutable_graph();
        onnx::NodeProto& node = *graph.add_node();
        node.set_op_type("MatMul");
        node.set_name("product");
        node.add_input("x");
        node.add_input("w");
        node.add_output("y");
        onnx::TensorProto tensor;
        tensor.set_name("w");
        tensor.set_data_type(onnx::TensorProto::FLOAT);
        tensor.add_dims(2);
        tensor.add_dims(3);
        edit(tensor);
        if (tensor.dims_size() > 0) *graph.add_initializer() = tensor;
        add_info(*graph.add_input(), "x", 2);
        add_info(*graph.add_output(), "y", 3);
        const fs::path path = folder_ / "model/network.onnx";
        EXPECT_TRUE(write_text(path, model.SerializeAsString()));
        return load_onnx(path, options);
    }

    static void add_info(onnx::ValueInfoProto& info, const char* name, int dim) {
        info.set_name(name);
        auto& type = *info.mutable_type()->mutable_tensor_type();
        type.set_elem_type(onnx::TensorProto::FLOAT);
        type.mutable_shape()->add_dim()->set_dim_value(1);
        type.mutable_shape()->add_dim()->set_dim_value(dim);
    }

    static auto external(const std::string& location, std::uint64_t offset, std::uint64_t length) {
        return [=](onnx::TensorProto& tensor) {
            tensor.set_data_location(onnx::TensorProto::EXTERNAL);
            const auto add = [&tensor](const char* key, const std::string& value) {
                auto& entry = *tensor.add_external_data();
                entry.set_key(key);
                entry.set_value(value);
            };
            add("location", location);
            add("offset", std::to_string(offset));
            add("length", std::to_string(length));
        };
    }

    static std::string floats(std::initializer_list<float> values) {
        std::string out(values.size() * sizeof(float), '\0');
        std::memcpy(out.data(), values.begin(), out.size());
        return out;
    }

    void write(const std::string& name, const std::string& bytes) {
        fs::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name, std::ios::binary)
            .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }

    static std::string safetensors(const std::string& header, const std::string& data) {
        const std::uint64_t length = header.size();
        std::string out(sizeof(length), '\0');
        std::memcpy(out.data(), &length, sizeof(length));
        return out + header + data;
    }

    static std::vector<double> weights_of(const Result<Graph>& graph) {
        EXPECT_TRUE(graph) << graph.error().message;
        if (!graph) return {};
        for (const Value& value : graph->values)
            if (value.is_constant) return value.data;
        return {};
    }

    fs::path folder_;
};

const std::vector<double> kWeights = {1, -2, 3, 0.5, 0, -0.25};

TEST_F(TensorFiles, ExternalDataAtAnOffset) {
    write("model/parts/w.bin", "skip" + floats({1, -2, 3, 0.5F, 0, -0.25F}) + "tail");
    EXPECT_EQ(weights_of(load(external("parts/w.bin", 4, 24))), kWeights);
    EXPECT_EQ(weights_of(load(external("./parts/w.bin", 4, 24))), kWeights);
}

TEST_F(TensorFiles, ManyPiecesArriveInOrder) {
    std::string bytes;
    const std::size_t count = (std::size_t{5} << 20U) / 2 + 3;  // of two bytes: over two pieces
    for (std::size_t i = 0; i < count; ++i) {
        bytes.push_back(static_cast<char>(i & 0xffU));
        bytes.push_back(static_cast<char>(i >> 8U & 0x7fU));
    }
    write("long.bin", bytes);
    const auto file = DataFile::open(folder_ / "long.bin");
    ASSERT_TRUE(file);
    std::vector<double> out;
    ASSERT_TRUE(read_range({*file, 0, bytes.size()}, onnx::TensorProto::INT16, count, "w", out));
    ASSERT_EQ(out.size(), count);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(out[i], static_cast<double>(i & 0x7fffU));
}

/// Who publishes a model for others to load would like their files in it.
TEST_F(TensorFiles, NothingOutsideOfTheFolderIsRead) {
    write("secret.bin", floats({1, 2, 3, 4, 5, 6}));
    fs::create_symlink("../secret.bin", folder_ / "model/link");
    fs::create_directory_symlink("..", folder_ / "model/up");
    for (const std::string& location :
         {std::string("../secret.bin"), (folder_ / "secret.bin").string(), std::string("link"),
          std::string("up/secret.bin"), std::string("parts/../../secret.bin"), std::string(""),
          std::string("secret\0.bin", 11)}) {
        const auto graph = load(external(location, 0, 24));
        ASSERT_FALSE(graph) << location;
        EXPECT_EQ(graph.error().code, ErrorCode::kMalformed) << graph.error().message;
        EXPECT_NE(graph.error().message.find("tensor 'w'"), std::string::npos);
    }
    const auto missing = load(external("none.bin", 0, 24));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    EXPECT_NE(missing.error().message.find("none.bin"), std::string::npos);
    EXPECT_EQ(load(external(".", 0, 24)).error().code, ErrorCode::kIo);
}

TEST_F(TensorFiles, RangesMustFit) {
    write("model/w.bin", floats({1, 2, 3, 4, 5, 6, 7}));
    const std::uint64_t huge = ~std::uint64_t{0} - 7;
    for (const auto& [offset, length] : {std::pair<std::uint64_t, std::uint64_t>{8, 24},
                                         {0, 20},
                                         {0, 28},
                                         {huge, 24},
                                         {24, huge},
                                         {29, 0}}) {
        const auto graph = load(external("w.bin", offset, length));
        ASSERT_FALSE(graph) << offset << " " << length;
        EXPECT_EQ(graph.error().code, ErrorCode::kMalformed);
    }
    // A model given as bytes has no folder.
    const Bytes bytes = read_file(folder_ / "model/network.onnx").value();
    EXPECT_EQ(load_onnx(ByteSpan(bytes)).error().code, ErrorCode::kUnsupported);
}

TEST_F(TensorFiles, SafetensorsReplaceInitialisersByName) {
    const std::string data = floats({1, -2, 3, 0.5F, 0, -0.25F});
    write("w.safetensors",
          safetensors(R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],)"
                      R"("data_offsets":[0,24]}})",
                      data));
    const ImportOptions options{.dims = {}, .weights = folder_ / "w.safetensors"};
    const auto zeros = [](onnx::TensorProto& tensor) {
        for (int i = 0; i < 6; ++i) tensor.add_float_data(0);
    };
    EXPECT_EQ(weights_of(load(zeros, options)), kWeights);
    // Without an initialiser the file defines the name.
    EXPECT_EQ(weights_of(load([](onnx::TensorProto& t) { t.clear_dims(); }, options)), kWeights);
    const auto other_shape = [](onnx::TensorProto& tensor) {
        tensor.set_dims(0, 3);
        tensor.set_dims(1, 2);
    };
    EXPECT_EQ(load(other_shape, options).error().code, ErrorCode::kMalformed);
}

TEST_F(TensorFiles, SafetensorsOfEveryType) {
    const auto loaded = [this](const std::string& dtype, const std::string& data) {
        const std::string size = std::to_string(data.size());
        write("t.safetensors", safetensors(R"({"w":{"dtype":")" + dtype +
                                               R"(","shape":[2],"data_offsets":[0,)" + size + "]}}",
                                           data));
        const auto file = Safetensors::open(folder_ / "t.safetensors");
        return file ? file->read("w", 100) : Result<Constant>(std::unexpected(file.error()));
    };
    const std::vector<double> expected = {1, -2};
    EXPECT_EQ(loaded("F16", std::string("\x00\x3c\x00\xc0", 4))->data, expected);
    EXPECT_EQ(loaded("BF16", std::string("\x80\x3f\x00\xc0", 4))->data, expected);
    EXPECT_EQ(loaded("I8", "\x01\xfe")->data, expected);
    EXPECT_EQ(loaded("I16", std::string("\x01\x00\xfe\xff", 4))->data, expected);
    EXPECT_EQ(loaded("F32", floats({1, -2}))->data, expected);
    EXPECT_EQ(loaded("I8", "\x01\xfe")->type, ElementType::kInteger);
    EXPECT_FALSE(loaded("F8_E4M3", "\x01\xfe"));
    EXPECT_FALSE(loaded("F32", floats({1, std::bit_cast<float>(0x7fc00000U)})));
    EXPECT_FALSE(loaded("F32", "\x01\xfe"));
}

TEST_F(TensorFiles, SafetensorsWithoutACommonName) {
    write("w.safetensors",
          safetensors(R"({"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", floats({1})));
    const auto graph = load([](onnx::TensorProto& t) { t.set_raw_data(std::string(24, '\0')); },
                            {.dims = {}, .weights = folder_ / "w.safetensors"});
    ASSERT_FALSE(graph);
    EXPECT_EQ(graph.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(TensorFiles, DamagedSafetensorsNeverCrash) {
    const std::string good = safetensors(
        R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})", floats({1, 2, 3, 4, 5, 6}));
    SeededRng rng(11);
    for (std::size_t size = 0; size < good.size(); ++size) {
        write("d.safetensors", good.substr(0, size));
        EXPECT_FALSE(Safetensors::open(folder_ / "d.safetensors")) << size;
    }
    for (int round = 0; round < 200; ++round) {
        std::string damaged = good;
        damaged[rng.next() % damaged.size()] = static_cast<char>(rng.next());
        write("d.safetensors", damaged);
        const auto file = Safetensors::open(folder_ / "d.safetensors");
        if (file && file->find("w") != nullptr) (void)file->read("w", 100);
    }
}

}  // namespace
}  // namespace mintmark::model
