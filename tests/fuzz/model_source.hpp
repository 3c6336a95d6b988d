// A source of one format on its way to a prediction.
#pragma once

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "appcore/importers/compile.hpp"
#include "appcore/models/evaluator.hpp"
#include "appcore/models/golden_rows.hpp"
#include "fuzz.hpp"

namespace fuzz {

// Compiles the source with choices of outputs, trees and missing values. What survives predicts,
// twice the same.
inline void compile_and_predict(std::span<const std::byte> source) {
    using appcore::importers::ImportOptions;
    using appcore::importers::TreeChoice;
    using Kind = appcore::importers::OutputChoice::Kind;
    for (const ImportOptions& choice : {ImportOptions{{Kind::only, {}}, TreeChoice::all, false},
                                        ImportOptions{{Kind::largest, {}}, TreeChoice::best, false},
                                        ImportOptions{{Kind::margin, 1}, TreeChoice::best, true}}) {
        appcore::importers::CompileOptions options;
        options.import = choice;
        const auto file = appcore::importers::compile(source, options);
        if (!file) {
            ensure(!file.error().message.empty(), "a refusal says why");
            continue;
        }
        const auto view = appcore::models::read_model(file.value().bytes());
        ensure(view.ok(), "what the compiler writes is valid");
        appcore::models::Evaluator evaluator(view.value());
        ensure(appcore::models::run_golden_rows(view.value(), evaluator).ok(),
               "the golden rows that were stored come out again");
        std::vector<double> row(view.value().facts.features, 0.25);
        for (const double value : {0.25, 1e30, std::numeric_limits<double>::quiet_NaN()}) {
            row.front() = value;
            const auto first = evaluator.predict(row);
            const auto again = evaluator.predict(row);
            ensure(first.problem == again.problem && (first.value == again.value),
                   "a prediction depends on its row only");
        }
    }
}

}  // namespace fuzz
