#include "appcore/models/sections.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "appcore/system/crc32c.hpp"

namespace appcore::models {
namespace {

using acm::Header;
using acm::Section;

constexpr std::size_t kFrame = sizeof(Header) + acm::kSections * sizeof(Section);

Error damaged(std::string_view what) {
    return Error{"the file is damaged: " + std::string(what)};
}

Status check_header(const Header& header, std::span<const std::byte> file) {
    if (header.byte_order != acm::kByteOrder) {
        return Error{"the file has another byte order; compile the model on this kind of machine"};
    }
    if (header.format_version != acm::kFormatVersion) {
        return Error{"the file has format version " + std::to_string(header.format_version) +
                     ", this program reads version " + std::to_string(acm::kFormatVersion) +
                     "; compile the model again"};
    }
    if (header.file_size != file.size()) {
        return damaged("it should have " + std::to_string(header.file_size) + " bytes, it has " +
                       std::to_string(file.size()));
    }
    if (header.section_count != acm::kSections) return damaged("number of sections");
    if (frame_checksum(header, file.subspan(sizeof(Header), kFrame - sizeof(Header))) !=
        header.checksum) {
        return damaged("checksum of its header");
    }
    if (std::ranges::any_of(header.zero, [](std::uint32_t word) { return word != 0; })) {
        return damaged("reserved field");
    }
    return Done{};
}

bool is_zero(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

std::uint32_t frame_checksum(const Header& header, std::span<const std::byte> table) {
    std::vector<std::byte> bytes(sizeof header + table.size());
    Header copy = header;
    copy.checksum = 0;
    std::memcpy(bytes.data(), &copy, sizeof copy);
    std::ranges::copy(table, bytes.begin() + sizeof copy);
    return system::crc32c(bytes);
}

Result<Sections> read_sections(std::span<const std::byte> file) {
    const auto magic = std::as_bytes(std::span(acm::kMagic));
    if (file.size() < magic.size() || !std::ranges::equal(file.first(magic.size()), magic)) {
        return Error{"the file is not a compiled model (.acm)"};
    }
    if (file.size() < kFrame) return damaged("it ends within its header");
    Header header{};
    std::memcpy(&header, file.data(), sizeof header);
    if (Status checked = check_header(header, file); !checked) return checked.error();

    Sections sections;
    std::size_t end = kFrame;
    for (std::size_t i = 0; i < acm::kSections; ++i) {
        Section section{};
        std::memcpy(&section, file.data() + sizeof header + i * sizeof section, sizeof section);
        const std::string name = "section " + std::to_string(i + 1);
        if (index_of(section.id) != i) return damaged("order of its sections");
        if (section.offset > file.size() || section.size > file.size() - section.offset ||
            section.offset < end || section.offset - end >= acm::kAlignment ||
            section.offset % acm::kAlignment != 0) {
            return damaged("place of " + name);
        }
        if (!is_zero(file.subspan(end, section.offset - end))) return damaged("before " + name);
        sections[i] = file.subspan(section.offset, section.size);
        if (system::crc32c(sections[i]) != section.checksum) return damaged("checksum of " + name);
        end = section.offset + section.size;
    }
    if (end != file.size()) return damaged("bytes after its last section");
    return sections;
}

}  // namespace appcore::models
