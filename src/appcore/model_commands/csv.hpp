// Rows of features and their predictions as text.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/importers/source.hpp"
#include "appcore/models/acm_format.hpp"
#include "appcore/result.hpp"

namespace appcore::model_commands {

struct Rows {
    std::size_t features = 0;
    std::vector<double> values;  // row by row; NaN: missing

    [[nodiscard]] std::size_t count() const { return values.size() / features; }
    [[nodiscard]] std::span<const double> row(std::size_t index) const {
        return std::span(values).subspan(index * features, features);
    }
};

// Lines of numbers, separated by commas, one a name; an empty field and "nan" are missing values.
// The first line is left out when it is the names, or has a field that is neither number nor empty.
// The error names the line.
[[nodiscard]] Result<Rows> parse_rows(std::string_view text, std::span<const std::string> names);

// Lines of predictions: "p", "p,p,..." with one for each output, either with ";m" or ";m,m,..."
// behind, the margins. Gives for each line what a model with these facts should predict. The error
// names the line.
[[nodiscard]] Result<std::vector<double>> parse_predictions(std::string_view text,
                                                            const models::acm::Facts& facts);

// The same from files; the error begins with the path.
[[nodiscard]] Result<Rows> read_rows(const std::string& path, std::span<const std::string> names);
[[nodiscard]] Result<importers::Golden> read_golden(const std::string& rows,
                                                    const std::string& predictions,
                                                    const models::acm::Facts& facts,
                                                    std::span<const std::string> names);

}  // namespace appcore::model_commands
