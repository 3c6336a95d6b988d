// SHA-256 (FIPS 180-4): names the file that a model was made from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace appcore::system {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::span<const std::byte> bytes);

// 64 small hexadecimal digits.
[[nodiscard]] std::string to_hex(const Sha256& hash);

// 44 characters (RFC 4648, section 4).
[[nodiscard]] std::string to_base64(const Sha256& hash);

}  // namespace appcore::system
