// Numbers that stand for a text.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace appcore::system {

// FNV-1a, 64 bits.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return hash;
}

// 128 bits.
using Digest = std::array<std::uint64_t, 2>;

// The same text has the same digest, and two texts that nobody has chosen for it have different
// ones, also if they differ in one digit only. No secret and no proof: who wants to can find two
// texts with one digest. Never throws, and may be called by a signal handler.
[[nodiscard]] constexpr Digest digest(std::string_view text) {
    // The second word in another way, from another start and with another odd factor.
    Digest words = {fnv1a(text), 0x9e3779b97f4a7c15};
    for (const char c : text) {
        words[1] = (words[1] ^ static_cast<unsigned char>(c)) * 0x9fb21c651e98df25;
        words[1] ^= words[1] >> 32U;
    }
    // So that each bit depends on each character, the last one too.
    for (std::uint64_t& word : words) {
        word = (word ^ (word >> 33U)) * 0xff51afd7ed558ccd;
        word = (word ^ (word >> 33U)) * 0xc4ceb9fe1a85ec53;
        word ^= word >> 33U;
    }
    return words;
}

}  // namespace appcore::system
