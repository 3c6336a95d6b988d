// Sources of all formats: compiled with choices of outputs, trees and missing values, and evaluated
// if they survive. Input: the file.

#include <array>
#include <limits>
#include <span>
#include <vector>

#include "appcore/importers/compile.hpp"
#include "appcore/models/evaluator.hpp"
#include "appcore/models/golden_rows.hpp"
#include "appcore/system/crc32c.hpp"
#include "fuzz.hpp"

namespace {

using appcore::importers::ImportOptions;
using appcore::importers::OutputChoice;
using appcore::importers::TreeChoice;

// Whether the source compiles. What does predicts, twice the same.
bool compile_and_predict(std::span<const std::byte> source, const ImportOptions& choice) {
    appcore::importers::CompileOptions options;
    options.import = choice;
    const auto file = appcore::importers::compile(source, options);
    if (!file) {
        fuzz::ensure(!file.error().message.empty(), "a refusal says why");
        return false;
    }
    const auto view = appcore::models::read_model(file.value().bytes());
    fuzz::ensure(view.ok(), "what the compiler writes is valid");
    appcore::models::Evaluator evaluator(view.value());
    fuzz::ensure(appcore::models::run_golden_rows(view.value(), evaluator).ok(),
                 "the golden rows that were stored come out again");
    std::vector<double> row(view.value().facts.features, 0.25);
    for (const double value : {0.25, 1e30, std::numeric_limits<double>::quiet_NaN()}) {
        row.front() = value;
        const auto first = evaluator.predict(row);
        const auto again = evaluator.predict(row);
        fuzz::ensure(first.problem == again.problem && first.value == again.value,
                     "a prediction depends on its row only");
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using Kind = OutputChoice::Kind;
    static const std::array<ImportOptions, 3> choices{
        ImportOptions{{Kind::only, {}}, TreeChoice::all, false},
        ImportOptions{{Kind::largest, {}}, TreeChoice::best, false},
        ImportOptions{{Kind::margin, 1}, TreeChoice::best, true}};
    // Most inputs are refused, whatever is chosen: one choice, which follows from the input, is
    // enough for these.
    const auto source = std::as_bytes(std::span(data, size));
    const std::size_t first = appcore::system::crc32c(source) % choices.size();
    if (!compile_and_predict(source, choices[first])) return 0;
    for (std::size_t other = 1; other < choices.size(); ++other)
        compile_and_predict(source, choices[(first + other) % choices.size()]);
    return 0;
}
