// Weights outside of the ONNX file: ONNX external data and safetensors. Read in pieces straight
// into the model's numbers, so a file of many gigabytes is never held as bytes. Internal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/model/onnx_tensor.hpp"

namespace mintmark::model {

/// A regular file opened for reading at any offset.
class DataFile {
  public:
    /// kNotFound, kIo (also for what is no regular file).
    [[nodiscard]] static Result<std::shared_ptr<const DataFile>> open(
        const std::filesystem::path& path);
    ~DataFile();
    DataFile(const DataFile&) = delete;
    DataFile& operator=(const DataFile&) = delete;

    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Fills `out`; kIo when the file is shorter.
    [[nodiscard]] Status read_at(std::uint64_t offset, std::span<std::uint8_t> out) const;

  private:
    DataFile(int fd, std::uint64_t size, std::string name)
        : fd_(fd), size_(size), name_(std::move(name)) {}
    int fd_;
    std::uint64_t size_;
    std::string name_;
};

/// Bytes of one tensor within a file.
struct FileRange {
    std::shared_ptr<const DataFile> file;
    std::uint64_t offset = 0, length = 0;
};

/// `count` elements of an ONNX element type, little-endian, appended to `out`. kMalformed naming
/// `tensor` when the length does not fit; kUnsupported for other types.
[[nodiscard]] Status read_range(const FileRange& range, std::int32_t onnx_type, std::size_t count,
                                const std::string& tensor, std::vector<double>& out);

/// The files that an ONNX model's tensors name, below one folder.
class ExternalData {
  public:
    /// An empty folder: external data are refused.
    explicit ExternalData(std::filesystem::path folder) : folder_(std::move(folder)) {}
    /// Where the tensor's data lie. kMalformed: no location, a path that leaves the folder (also
    /// through links), a range beyond the file's end; kNotFound: no such file.
    [[nodiscard]] Result<FileRange> find(const onnx::TensorProto& tensor) const;

  private:
    [[nodiscard]] Result<std::shared_ptr<const DataFile>> open(const std::string& tensor,
                                                               const std::string& location) const;
    std::filesystem::path folder_;
    mutable std::map<std::string, std::shared_ptr<const DataFile>> files_;
};

/// A safetensors file (https://github.com/huggingface/safetensors: a length, a JSON header, data).
class Safetensors {
  public:
    struct Entry {
        std::int32_t onnx_type = 0;
        Shape shape;
        FileRange range;
    };
    /// kMalformed for a header that is no such file's; total on any bytes.
    [[nodiscard]] static Result<Safetensors> open(const std::filesystem::path& path);
    /// nullptr when the file has no tensor of this name.
    [[nodiscard]] const Entry* find(const std::string& name) const;
    /// Its elements. kOutOfRange above max_elements, kMalformed for NaN and infinity.
    [[nodiscard]] Result<Constant> read(const std::string& name, std::size_t max_elements) const;

  private:
    std::map<std::string, Entry> entries_;
};

}  // namespace mintmark::model
