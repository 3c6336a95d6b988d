#include "appcore/models/acm_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "appcore/models/sections.hpp"
#include "appcore/system/crc32c.hpp"

namespace appcore::models {
namespace {

std::size_t round_up(std::size_t size) {
    return (size + acm::kAlignment - 1) / acm::kAlignment * acm::kAlignment;
}

std::vector<std::byte> join_texts(const ModelParts& parts) {
    std::vector<std::byte> joined;
    const auto append = [&joined](std::string_view text) {
        const auto size = static_cast<std::uint32_t>(text.size());
        const auto bytes = std::as_bytes(std::span(&size, 1));
        joined.insert(joined.end(), bytes.begin(), bytes.end());
        const auto characters = std::as_bytes(std::span(text));
        joined.insert(joined.end(), characters.begin(), characters.end());
    };
    for (const std::string& text : parts.texts) append(text);
    for (const std::string& name : parts.names) append(name);
    return joined;
}

// By SectionId - 1.
Sections sections_of(const ModelParts& parts, std::span<const std::byte> texts) {
    const bool small = parts.facts.node_kind == acm::NodeKind::small;
    return {std::as_bytes(std::span(&parts.facts, 1)),
            texts,
            std::as_bytes(parts.columns),
            std::as_bytes(parts.trees),
            small ? std::as_bytes(parts.small_nodes) : std::as_bytes(parts.large_nodes),
            std::as_bytes(parts.leaves),
            std::as_bytes(parts.linear_leaves),
            std::as_bytes(parts.terms),
            std::as_bytes(parts.sets),
            std::as_bytes(parts.set_words),
            std::as_bytes(parts.steps),
            std::as_bytes(parts.step_values),
            std::as_bytes(parts.base),
            std::as_bytes(parts.weights),
            std::as_bytes(parts.golden_rows),
            std::as_bytes(parts.golden_predictions)};
}

}  // namespace

ModelBytes write_model(const ModelParts& parts) {
    const std::vector<std::byte> texts = join_texts(parts);
    const Sections sections = sections_of(parts, texts);
    std::array<acm::Section, acm::kSections> table{};
    std::size_t end = sizeof(acm::Header) + sizeof table;
    for (std::size_t i = 0; i < sections.size(); ++i) {
        const std::size_t offset = round_up(end);
        table[i] = {static_cast<acm::SectionId>(i + 1), system::crc32c(sections[i]), offset,
                    sections[i].size()};
        end = offset + sections[i].size();
    }
    acm::Header header{};
    std::ranges::copy(acm::kMagic, header.magic.begin());
    header.format_version = acm::kFormatVersion;
    header.byte_order = acm::kByteOrder;
    header.file_size = end;
    header.section_count = acm::kSections;
    const auto table_bytes = std::as_bytes(std::span(table));
    header.checksum = frame_checksum(header, table_bytes);

    ModelBytes file(end);
    const std::span<std::byte> bytes = file.bytes();
    std::memcpy(bytes.data(), &header, sizeof header);
    std::ranges::copy(table_bytes, bytes.subspan(sizeof header).begin());
    for (std::size_t i = 0; i < sections.size(); ++i) {
        std::ranges::copy(sections[i], bytes.subspan(table[i].offset).begin());
    }
    return file;
}

}  // namespace appcore::models
