#include "appcore/system/crc32c.hpp"

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

#include <array>
#include <cstring>

namespace appcore::system {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected
constexpr std::uint32_t kStart = 0xFFFFFFFF;
constexpr std::size_t kSlices = 8;  // bytes that one step of the tables takes

using Table = std::array<std::uint32_t, 256>;
using Tables = std::array<Table, kSlices>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0);
        }
        tables[0][byte] = crc;
    }
    for (std::size_t slice = 1; slice < kSlices; ++slice) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t crc = tables[slice - 1][byte];
            tables[slice][byte] = (crc >> 8U) ^ tables[0][crc & 0xFFU];
        }
    }
    return tables;
}

constexpr Tables kTables = make_tables();

std::uint64_t load_little_endian(const std::byte* at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) {
        value |= std::uint64_t{std::to_integer<std::uint8_t>(at[i])} << (8 * i);
    }
    return value;
}

std::uint32_t one_byte(std::uint32_t crc, std::byte byte) {
    return (crc >> 8U) ^ kTables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU];
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(
    std::span<const std::byte> bytes) {
    std::uint64_t crc = kStart;
    while (bytes.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        crc = _mm_crc32_u64(crc, word);
        bytes = bytes.subspan(sizeof word);
    }
    auto rest = static_cast<std::uint32_t>(crc);
    for (const std::byte byte : bytes) rest = one_byte(rest, byte);
    return ~rest;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::span<const std::byte> bytes) {
    std::uint32_t crc = kStart;
    while (bytes.size() >= kSlices) {
        const std::uint64_t word = load_little_endian(bytes.data()) ^ crc;
        crc = 0;
        for (std::size_t i = 0; i < kSlices; ++i) {
            crc ^= kTables[kSlices - 1 - i][(word >> (8 * i)) & 0xFFU];
        }
        bytes = bytes.subspan(kSlices);
    }
    for (const std::byte byte : bytes) crc = one_byte(crc, byte);
    return ~crc;
}

std::uint32_t crc32c(std::span<const std::byte> bytes) {
#ifdef __x86_64__
    static const bool kHasInstruction = __builtin_cpu_supports("sse4.2") != 0;
    if (kHasInstruction) return crc32c_by_instruction(bytes);
#endif
    return crc32c_by_table(bytes);
}

}  // namespace appcore::system
