// The identity of one request as nginx names it, for telling a repeated request from a new one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace appcore::monitoring {

// All zero means: no key.
struct RequestKey {
    std::array<std::uint64_t, 2> words{};

    [[nodiscard]] bool empty() const { return words[0] == 0 && words[1] == 0; }
    friend bool operator==(const RequestKey&, const RequestKey&) = default;
};

// nginx's name for a request ($appcore_key in deploy/nginx.conf), whatever it looks like, in 128
// bits: FNV-1a from two beginnings. Empty for an empty name.
[[nodiscard]] constexpr RequestKey make_request_key(std::string_view name) {
    constexpr std::uint64_t prime = 0x100000001b3;
    constexpr std::uint64_t begin = 0xcbf29ce484222325;
    constexpr std::uint64_t other_begin = ~begin;
    if (name.empty()) return {};
    RequestKey key{{begin, other_begin}};
    for (const char c : name) {
        for (std::uint64_t& word : key.words) word = (word ^ static_cast<unsigned char>(c)) * prime;
    }
    return key;
}

}  // namespace appcore::monitoring
