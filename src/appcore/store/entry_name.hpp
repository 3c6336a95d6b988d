// Names inside a slot: of model versions and of callers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace appcore::store {

inline constexpr std::size_t kNameWords = 4;  // 31 bytes and a zero

// The bytes in order, zero-padded; all zeros: no name.
using EntryName = std::array<std::uint64_t, kNameWords>;

// Cut at 31 bytes, '?' for what is not printable ASCII. Allocates nothing.
[[nodiscard]] EntryName pack_name(std::string_view name);

// The opposite; empty for no name.
[[nodiscard]] std::string unpack_name(std::span<const std::uint64_t, kNameWords> words);

}  // namespace appcore::store
