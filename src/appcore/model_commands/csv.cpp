#include "appcore/model_commands/csv.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "appcore/importers/text_lines.hpp"
#include "appcore/models/limits.hpp"
#include "appcore/schema/feature_string.hpp"
#include "appcore/system/mapped_file.hpp"

namespace appcore::model_commands {
namespace {

using importers::Lines;

// One field, without the space around it; nothing if it is not a number.
std::optional<double> parse_field(std::string_view field) {
    const bool is_blank = field.find_first_not_of(" \t") == std::string_view::npos;
    return is_blank ? std::numeric_limits<double>::quiet_NaN()
                    : schema::parse_feature_string(field);
}

std::vector<std::string_view> split(std::string_view line, char separator) {
    std::vector<std::string_view> fields;
    while (true) {
        const std::size_t end = line.find(separator);
        fields.push_back(line.substr(0, end));
        if (end == std::string_view::npos) return fields;
        line.remove_prefix(end + 1);
    }
}

std::string_view unquoted(std::string_view field) {
    const bool quoted = field.size() >= 2 && field.front() == '"' && field.back() == '"';
    return quoted ? field.substr(1, field.size() - 2) : field;
}

bool is_header(std::span<const std::string_view> fields, std::span<const std::string> names) {
    if (std::ranges::equal(fields, names, {}, unquoted)) return true;
    return std::ranges::any_of(fields, [](std::string_view field) { return !parse_field(field); });
}

Error in_line(std::size_t line, const std::string& what) {
    return Error{"line " + std::to_string(line) + ": " + what};
}

Error no_number(std::size_t line, std::string_view field) {
    return in_line(line, "'" + std::string(field.substr(0, 60)) + "' is not a number");
}

Error in_file(const std::string& path, const Error& error) {
    return Error{path + ": " + error.message};
}

std::string_view text_of(const system::MappedFile& file) {
    return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

using models::acm::Output;

// Which of a line's predictions is meant; before the link they are margins if these are known.
Result<double> select(std::span<const double> values, const models::acm::Facts& facts,
                      bool are_margins) {
    if (values.size() == 1) return values.front();
    if (values.size() != facts.outputs) {
        return Error{"there are " + std::to_string(values.size()) + " predictions, the model has " +
                     std::to_string(facts.outputs) + " outputs"};
    }
    const bool is_class =
        facts.output == Output::class_before_link || facts.output == Output::class_after_link;
    if (!is_class) return values[facts.output_index];
    const auto largest = std::ranges::max_element(values);
    // Margins that differ in their last bits have equal probabilities.
    if (facts.output == Output::class_before_link && !are_margins &&
        std::ranges::count(values, *largest) > 1) {
        return Error{
            "the largest predictions are equal; write the class in their place, or ';' and the "
            "margins behind them"};
    }
    return static_cast<double>(largest - values.begin());
}

}  // namespace

Result<Rows> parse_rows(std::string_view text, std::span<const std::string> names) {
    Rows rows;
    rows.features = names.size();
    constexpr std::string_view kMark = "\xEF\xBB\xBF";  // spreadsheets begin UTF-8 with it
    if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
    Lines lines(text);
    std::size_t number = 0;
    while (const auto line = lines.next()) {
        ++number;
        if (line->empty() && names.size() > 1) continue;  // of one feature, a missing value
        const std::vector<std::string_view> fields = split(*line, ',');
        if (number == 1 && is_header(fields, names)) continue;
        if (fields.size() != names.size()) {
            return in_line(number, "there are " + std::to_string(fields.size()) +
                                       " fields, the model has " + std::to_string(names.size()) +
                                       " features");
        }
        for (const std::string_view field : fields) {
            const std::optional<double> value = parse_field(field);
            if (!value) return no_number(number, field);
            rows.values.push_back(*value);
        }
    }
    return rows;
}

Result<std::vector<double>> parse_predictions(std::string_view text,
                                              const models::acm::Facts& facts) {
    const bool before_link =
        facts.output == Output::margin || facts.output == Output::class_before_link;
    std::vector<double> predictions;
    Lines lines(text);
    std::size_t number = 0;
    while (const auto line = lines.next()) {
        ++number;
        if (line->empty()) continue;
        const std::vector<std::string_view> parts = split(*line, ';');
        if (parts.size() > 2) return in_line(number, "there is more than one ';'");
        const auto fields = split(before_link ? parts.back() : parts.front(), ',');
        if (number == 1 && is_header(fields, {})) continue;
        std::vector<double> values;
        for (const std::string_view field : fields) {
            const std::optional<double> value = parse_field(field);
            if (!value) return no_number(number, field);
            values.push_back(*value);
        }
        const Result<double> value = select(values, facts, parts.size() == 2);
        if (!value) return in_line(number, value.error().message);
        predictions.push_back(value.value());
    }
    return predictions;
}

Result<Rows> read_rows(const std::string& path, std::span<const std::string> names) {
    const auto file = system::MappedFile::open(path, models::kMaxSourceBytes);
    if (!file) return file.error();
    Result<Rows> rows = parse_rows(text_of(file.value()), names);
    if (!rows) return in_file(path, rows.error());
    if (rows.value().values.empty()) return Error{path + ": there are no rows"};
    return rows;
}

Result<importers::Golden> read_golden(const std::string& rows_path,
                                      const std::string& predictions_path,
                                      const models::acm::Facts& facts,
                                      std::span<const std::string> names) {
    Result<Rows> rows = read_rows(rows_path, names);
    if (!rows) return rows.error();
    const auto file = system::MappedFile::open(predictions_path, models::kMaxSourceBytes);
    if (!file) return file.error();
    Result<std::vector<double>> predictions = parse_predictions(text_of(file.value()), facts);
    if (!predictions) return in_file(predictions_path, predictions.error());
    if (predictions.value().size() != rows.value().count()) {
        return Error{predictions_path + " has " + std::to_string(predictions.value().size()) +
                     " predictions, " + rows_path + " has " + std::to_string(rows.value().count()) +
                     " rows"};
    }
    return importers::Golden{std::move(rows.value().values), std::move(predictions.value())};
}

}  // namespace appcore::model_commands
