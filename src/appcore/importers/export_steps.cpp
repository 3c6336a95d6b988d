#include "appcore/importers/export_steps.hpp"

#include <array>
#include <string>

#include "appcore/importers/advice.hpp"
#include "appcore/importers/value_reader.hpp"

namespace appcore::importers {
namespace {

using models::acm::Step;

constexpr std::size_t kMostSteps = 16;  // of a pipeline; each becomes up to four

constexpr std::array<std::string_view, 2> kImputeNames = {"kind", "values"};
constexpr std::array<std::string_view, 3> kStandardNames = {"kind", "mean", "scale"};
constexpr std::array<std::string_view, 5> kMinMaxNames = {"kind", "scale", "min", "low", "high"};

// Adds a step with the values of the member `name`; none if the list is empty.
Status add_step(const Value& step, std::string_view name, Step kind, Source& source) {
    const Value* const list = step.find(name);
    if (list != nullptr && list->numbers() != nullptr && list->numbers()->empty()) return Done{};
    const auto values = read_numbers(step, name, source.facts.features);
    if (!values) return values.error();
    source.steps.push_back(kind);
    source.step_values.insert(source.step_values.end(), values.value().begin(),
                              values.value().end());
    return Done{};
}

// The same bound for all features, if there is one.
Status add_bound(const Value& step, std::string_view name, Step kind, Source& source) {
    const Value* const bound = step.find(name);
    if (bound == nullptr) return Done{};
    if (bound->number() == nullptr) return must_be(name, "a number", bound);
    source.steps.push_back(kind);
    source.step_values.insert(source.step_values.end(), source.facts.features, *bound->number());
    return Done{};
}

Status read_step(const Value& step, std::string_view kind, Source& source) {
    if (kind == "impute") {
        if (Status done = check_members(step, "steps", kImputeNames, kExportAdvice); !done) {
            return done;
        }
        return add_step(step, "values", Step::impute, source);
    }
    if (kind == "standard") {
        if (Status done = check_members(step, "steps", kStandardNames, kExportAdvice); !done) {
            return done;
        }
        if (Status done = add_step(step, "mean", Step::subtract, source); !done) return done;
        return add_step(step, "scale", Step::divide, source);
    }
    if (kind == "min_max") {
        if (Status done = check_members(step, "steps", kMinMaxNames, kExportAdvice); !done) {
            return done;
        }
        if (Status done = add_step(step, "scale", Step::multiply, source); !done) return done;
        if (Status done = add_step(step, "min", Step::add, source); !done) return done;
        if (Status done = add_bound(step, "low", Step::at_least, source); !done) return done;
        return add_bound(step, "high", Step::at_most, source);
    }
    return Error{"the step " + shown_name(kind) + " is unknown; " + std::string(kExportAdvice)};
}

}  // namespace

Result<bool> read_export_steps(const Value& steps, Source& source) {
    const Array* const list = steps.array();
    bool imputes = false;
    if (list == nullptr) return imputes;
    if (list->size() > kMostSteps) {
        return Error{"there are " + std::to_string(list->size()) +
                     " steps before the model; appcore takes " + std::to_string(kMostSteps)};
    }
    for (const Value& step : *list) {
        const std::string_view name = text_of(member_of(step, "kind"));
        if (Status read = read_step(step, name, source); !read) return read.error();
        imputes = imputes || name == "impute";
    }
    return imputes;
}

}  // namespace appcore::importers
