// The golden rows in a document of appcore_export.py.

#include <algorithm>
#include <array>
#include <string>

#include "appcore/importers/advice.hpp"
#include "appcore/importers/export_model.hpp"
#include "appcore/importers/value_reader.hpp"

namespace appcore::importers {
namespace {

constexpr std::array<std::string_view, 3> kGoldenNames = {"rows", "predictions", "classes"};

bool is_class(const models::acm::Facts& facts) {
    return facts.output == models::acm::Output::class_before_link ||
           facts.output == models::acm::Output::class_after_link;
}

// The prediction of the chosen output among those of all outputs.
Result<double> select(const Value& outputs, const models::acm::Facts& facts) {
    const Numbers* const numbers = outputs.numbers();
    if (numbers == nullptr || numbers->size() != facts.outputs) {
        return must_be("predictions", "lists with a number for each output", &outputs);
    }
    if (!is_class(facts)) return (*numbers)[facts.output_index];
    return static_cast<double>(std::ranges::max_element(*numbers) - numbers->begin());
}

Status read_predictions(const Value& predictions, Source& source) {
    Numbers& to = source.golden.predictions;
    if (source.facts.outputs == 1) {
        if (predictions.numbers() != nullptr) to = *predictions.numbers();
        return Done{};
    }
    if (predictions.array() == nullptr) return Done{};
    for (const Value& row : *predictions.array()) {
        const Result<double> selected = select(row, source.facts);
        if (!selected) return selected.error();
        to.push_back(selected.value());
    }
    return Done{};
}

// What predict() answered. The largest probability does not always tell: several may be equal.
Status read_classes(const Value& golden, Source& source) {
    const auto classes =
        read_integers<std::uint32_t>(golden, "classes", 0, std::int64_t{source.facts.outputs} - 1);
    if (!classes) return classes.error();
    source.golden.predictions.assign(classes.value().begin(), classes.value().end());
    return Done{};
}

}  // namespace

Status read_export_golden(const Value& golden, Source& source) {
    Status done = check_members(golden, "golden", kGoldenNames, kExportAdvice);
    if (!done) return done;
    if (source.facts.output == models::acm::Output::margin) return Done{};
    const Array* const rows = member_of(golden, "rows").array();
    if (rows == nullptr) return Done{};
    Golden& to = source.golden;
    for (const Value& row : *rows) {
        if (row.numbers() == nullptr || row.numbers()->size() != source.facts.features) {
            return must_be("rows", "lists with a number or null for each feature", &row);
        }
        to.rows.insert(to.rows.end(), row.numbers()->begin(), row.numbers()->end());
    }
    done = is_class(source.facts) && golden.find("classes") != nullptr
               ? read_classes(golden, source)
               : read_predictions(member_of(golden, "predictions"), source);
    if (!done) return done;
    if (to.predictions.size() == rows->size()) return Done{};
    return Error{"there are " + std::to_string(rows->size()) + " golden rows, but " +
                 std::to_string(to.predictions.size()) + " predictions"};
}

}  // namespace appcore::importers
