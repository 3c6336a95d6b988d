// A whole file in memory, read-only; its pages are shared with everybody who maps it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "appcore/result.hpp"

namespace appcore::system {

class MappedFile {
  public:
    // Maps the regular file at `path`, of at most `most` bytes. The error names the path. A file
    // that somebody cuts while it is mapped ends the process by SIGBUS when it reads what is gone:
    // files that are mapped are replaced by a rename, never written to.
    [[nodiscard]] static Result<MappedFile> open(const std::string& path, std::uint64_t most);

    [[nodiscard]] std::span<const std::byte> bytes() const { return {bytes_.get(), size()}; }
    [[nodiscard]] std::size_t size() const { return bytes_.get_deleter().size; }

  private:
    struct Unmap {
        std::size_t size = 0;
        void operator()(const std::byte* bytes) const;
    };
    using Bytes = std::unique_ptr<const std::byte[], Unmap>;

    explicit MappedFile(Bytes bytes) : bytes_(std::move(bytes)) {}

    Bytes bytes_;
};

}  // namespace appcore::system
