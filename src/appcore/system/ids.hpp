// Random identifiers: the one seam between the program and the machine's randomness.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace appcore::system {

// A version 4 UUID (RFC 9562) in its text form.
class Uuid {
  public:
    static constexpr std::size_t kLength = 36;
    // From 16 random bytes; version and variant are set here.
    explicit Uuid(const std::array<unsigned char, 16>& random);
    [[nodiscard]] std::string_view text() const { return {text_.data(), text_.size()}; }

  private:
    std::array<char, kLength> text_{};
};

class IdSource {
  public:
    IdSource() = default;
    IdSource(const IdSource&) = delete;
    IdSource& operator=(const IdSource&) = delete;
    virtual ~IdSource() = default;
    [[nodiscard]] virtual Uuid next() = 0;
};

// Ids from the kernel's generator, fetched in blocks: one system call for 256 ids. Not to be shared
// over a fork, since both sides would hand out the same ids.
class RandomIds final : public IdSource {
  public:
    [[nodiscard]] Uuid next() override;

  private:
    std::array<unsigned char, 4096> block_{};
    std::size_t used_ = block_.size();
};

}  // namespace appcore::system
