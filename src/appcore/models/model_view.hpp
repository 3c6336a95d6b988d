// A compiled model in memory: the sections of a file as typed spans. Every part is checked before
// one of these exists, so whoever has one may follow its indices without a look.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "appcore/models/acm_format.hpp"
#include "appcore/result.hpp"

namespace appcore::models {

struct ModelView {  // NOLINT(cppcoreguidelines-pro-type-member-init): whoever makes one sets it
    acm::Facts facts;
    std::array<std::string_view, acm::kTexts> texts;  // by acm::Text
    std::vector<std::string_view> names;              // of the features
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
    std::span<const double> step_values;  // facts.features for each step
    std::span<const double> base;         // where the sum of each output begins
    std::span<const double> weights;      // of a linear model: facts.features for each output
    std::span<const double> golden_rows;  // facts.features each; a missing value is NaN
    std::span<const double> golden_predictions;

    // The first column of categories; columns.size() without any.
    std::size_t first_category = 0;

    [[nodiscard]] bool has(acm::Flag flag) const { return (facts.flags & flag) != 0; }
    [[nodiscard]] std::string_view text(acm::Text which) const {
        return texts[static_cast<std::size_t>(which)];
    }
};

// The model in `bytes`, which begin at a multiple of 8 in memory, outlive the view and do not
// change. Nothing in them is trusted: every length, index, offset and number is checked, in time
// and memory bounded by their size. The error says what is wrong, without the file's name.
[[nodiscard]] Result<ModelView> read_model(std::span<const std::byte> bytes);

}  // namespace appcore::models
