// The frame of a compiled file: header, section table, checksums.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "appcore/models/acm_format.hpp"
#include "appcore/result.hpp"

namespace appcore::models {

using Sections = std::array<std::span<const std::byte>, acm::kSections>;  // by SectionId - 1

[[nodiscard]] constexpr std::size_t index_of(acm::SectionId id) {
    return static_cast<std::size_t>(id) - 1;
}

// The sections of a whole file. The error says in which way it is damaged, or no such file at all.
[[nodiscard]] Result<Sections> read_sections(std::span<const std::byte> file);

// Of the header, its field `checksum` taken as zero, and the section table.
[[nodiscard]] std::uint32_t frame_checksum(const acm::Header& header,
                                           std::span<const std::byte> table);

}  // namespace appcore::models
