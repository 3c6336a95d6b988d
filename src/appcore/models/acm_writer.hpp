// Writes the compiled file.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "appcore/models/acm_format.hpp"

namespace appcore::models {

// What a file consists of; the spans outlive the call. Facts that follow from the rest (features,
// golden_rows, step_count) are as the rest has them.
struct ModelParts {
    acm::Facts facts{};
    std::array<std::string, acm::kTexts> texts;  // by acm::Text
    std::span<const std::string> names;          // one a feature
    std::span<const acm::Column> columns;
    std::span<const acm::Tree> trees;
    std::span<const acm::SmallNode> small_nodes;  // these or
    std::span<const acm::LargeNode> large_nodes;  // these, by facts.node_kind
    std::span<const double> leaves;
    std::span<const acm::LinearLeaf> linear_leaves;
    std::span<const acm::Term> terms;
    std::span<const acm::Set> sets;
    std::span<const std::uint32_t> set_words;
    std::span<const acm::Step> steps;
    std::span<const double> step_values;
    std::span<const double> base;
    std::span<const double> weights;
    std::span<const double> golden_rows;
    std::span<const double> golden_predictions;
};

// The bytes of a file, at an address that suits its records.
class ModelBytes {
  public:
    explicit ModelBytes(std::size_t size)
        : lines_((size + acm::kAlignment - 1) / acm::kAlignment), size_(size) {}

    [[nodiscard]] std::span<std::byte> bytes() {
        return {reinterpret_cast<std::byte*>(lines_.data()), size_};
    }
    [[nodiscard]] std::span<const std::byte> bytes() const {
        return {reinterpret_cast<const std::byte*>(lines_.data()), size_};
    }

  private:
    struct alignas(acm::kAlignment) Line {
        std::array<std::byte, acm::kAlignment> bytes;
    };
    std::vector<Line> lines_;
    std::size_t size_;
};

// The same parts give the same bytes. Nothing is checked: read_model() does that.
[[nodiscard]] ModelBytes write_model(const ModelParts& parts);

}  // namespace appcore::models
