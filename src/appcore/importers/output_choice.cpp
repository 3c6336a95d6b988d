#include <string>

#include "appcore/importers/source.hpp"

namespace appcore::importers {
namespace {

using Kind = OutputChoice::Kind;
using models::acm::Output;

Error several(const models::acm::Facts& facts) {
    return Error{
        "the model has " + std::to_string(facts.outputs) +
        " outputs: say --output class, or --output probability:K or margin:K with K from 0 "
        "to " +
        std::to_string(facts.outputs - 1)};
}

Status choose_only(const OutputChoice& choice, models::acm::Facts& facts) {
    if (choice.kind == Kind::largest || choice.kind == Kind::probability) {
        return Error{"the model has one output: leave out --output, or say --output margin"};
    }
    if (choice.index.value_or(0) != 0)
        return Error{"the model has one output: say --output margin"};
    facts.output = choice.kind == Kind::margin ? Output::margin : Output::value;
    return Done{};
}

}  // namespace

Status choose_output(const OutputChoice& choice, bool after_link, models::acm::Facts& facts) {
    facts.output_index = 0;
    if (facts.outputs == 1) return choose_only(choice, facts);
    switch (choice.kind) {
        case Kind::only:
            return several(facts);
        case Kind::largest:
            facts.output = after_link ? Output::class_after_link : Output::class_before_link;
            return Done{};
        case Kind::probability:
        case Kind::margin:
            break;
    }
    if (!choice.index || *choice.index >= facts.outputs) return several(facts);
    facts.output = choice.kind == Kind::margin ? Output::margin : Output::value;
    facts.output_index = *choice.index;
    return Done{};
}

}  // namespace appcore::importers
