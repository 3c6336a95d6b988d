#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>

#include "appcore/model_commands/commands.hpp"
#include "appcore/model_commands/csv.hpp"
#include "appcore/model_commands/open_model.hpp"
#include "appcore/model_commands/report.hpp"
#include "appcore/models/evaluator.hpp"

namespace appcore::model_commands {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMadeUpRows = 1'000;

// A number from -4 to 4, always the same for the same place; no generator of the standard library
// gives the same everywhere.
double made_up(std::uint64_t place) {
    std::uint64_t word = place + 0x9e3779b97f4a7c15;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111eb;
    return static_cast<double>(word >> 40U) / static_cast<double>(1U << 24U) * 8 - 4;
}

Rows make_rows(std::size_t features) {
    Rows rows{features, std::vector<double>(kMadeUpRows * features)};
    for (std::size_t i = 0; i < rows.values.size(); ++i) rows.values[i] = made_up(i);
    return rows;
}

struct Timing {
    double nanoseconds;  // a prediction, in the fastest pass through the rows
    std::uint64_t predictions;
};

Timing time_predictions(const models::ModelView& view, const Rows& rows, double seconds) {
    models::Evaluator evaluator(view);
    Timing timing{std::numeric_limits<double>::max(), 0};
    double sum = 0;  // used, so that nothing is left out
    const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                     std::chrono::duration<double>(seconds));
    Clock::time_point begin = Clock::now();
    // The fastest pass is one that nothing else has interrupted.
    do {
        for (std::size_t i = 0; i < rows.count(); ++i) sum += evaluator.predict(rows.row(i)).value;
        const Clock::time_point now = Clock::now();
        timing.predictions += rows.count();
        timing.nanoseconds = std::min(
            timing.nanoseconds, std::chrono::duration<double, std::nano>(now - begin).count() /
                                    static_cast<double>(rows.count()));
        begin = now;
    } while (begin < end);
    if (std::isnan(sum)) timing.predictions = 0;
    return timing;
}

}  // namespace

Result<std::string> bench(const Arguments& arguments) {
    const std::string& file = arguments.files.front();
    const auto model = OpenModel::open(file, arguments);
    if (!model) return model.error();
    const models::ModelView& view = model.value().view();
    Rows rows = make_rows(view.facts.features);
    if (!arguments.rows.empty()) {
        auto read = read_rows(arguments.rows, model.value().names());
        if (!read) return read.error();
        rows = std::move(read).value();
    }
    const Timing timing = time_predictions(view, rows, arguments.seconds);
    const double rounded = std::round(timing.nanoseconds * 10) / 10;
    if (arguments.json) {
        JsonObject object;
        object.add("ns_per_prediction", rounded)
            .add("rows", std::uint64_t{rows.count()})
            .add("predictions", timing.predictions)
            .add("trees", std::uint64_t{view.trees.size()})
            .add("seconds", arguments.seconds);
        return object.text() + "\n";
    }
    return number_text(rounded) +
           " ns a prediction: one row, one thread, the fastest pass through " +
           grouped(rows.count()) + " rows; " + grouped(timing.predictions) + " predictions\n";
}

}  // namespace appcore::model_commands
