#include "appcore/importers/compile.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <new>
#include <stdexcept>
#include <string>

#include "appcore/importers/golden_check.hpp"
#include "appcore/models/limits.hpp"
#include "appcore/models/model_view.hpp"
#include "appcore/system/sha256.hpp"

namespace appcore::importers {
namespace {

namespace acm = models::acm;

constexpr std::size_t kHashDigits = 8;  // of a version that nobody has chosen

std::string describe(const ImportOptions& options) {
    return std::to_string(static_cast<int>(options.output.kind)) + "," +
           std::to_string(options.output.index.value_or(0)) + "," +
           std::to_string(static_cast<int>(options.trees)) + "," +
           std::to_string(static_cast<int>(options.null_is_missing));
}

// "churn-1a2b3c4d"
std::string make_version(const CompileOptions& options, const system::Sha256& source) {
    std::string name = options.name.substr(0, models::kMaxVersion - kHashDigits - 1);
    for (char& c : name) {
        if (models::kVersionCharacters.find(c) == std::string_view::npos) c = '_';
    }
    const std::string both = system::to_hex(source) + describe(options.import);
    const std::string hash =
        system::to_hex(system::sha256(std::as_bytes(std::span(both)))).substr(0, kHashDigits);
    return name.empty() ? hash : name + "-" + hash;
}

Status check_limits(const Source& source) {
    const acm::Facts& facts = source.facts;
    if (facts.features == 0 || facts.features > models::kMaxFeatures) {
        return Error{"the model has " + std::to_string(facts.features) +
                     " features; appcore takes from 1 to " + std::to_string(models::kMaxFeatures)};
    }
    if (source.forest.features() > facts.features) {
        return Error{"a tree uses feature " + std::to_string(source.forest.features() - 1) +
                     ", the model has " + std::to_string(facts.features)};
    }
    if ((facts.flags & acm::kNullIsMissing) != 0 && (facts.flags & acm::kTakesMissing) == 0) {
        return Error{"the model takes no missing values: leave out --missing null"};
    }
    return Done{};
}

models::ModelParts parts_of(const Source& source, const std::string& version) {
    models::ModelParts parts;
    parts.facts = source.facts;
    parts.facts.node_kind = source.forest.node_kind();
    parts.facts.leaf_kind = source.forest.leaf_kind();
    parts.facts.step_count = static_cast<std::uint32_t>(source.steps.size());
    parts.texts = {version, source.library, source.objective};
    parts.names = source.names;
    parts.columns = source.forest.columns();
    parts.trees = source.forest.trees();
    parts.small_nodes = source.forest.small_nodes();
    parts.large_nodes = source.forest.large_nodes();
    parts.leaves = source.forest.leaves();
    parts.linear_leaves = source.forest.linear_leaves();
    parts.terms = source.forest.terms();
    parts.sets = source.forest.sets();
    parts.set_words = source.forest.set_words();
    parts.steps = source.steps;
    parts.step_values = source.step_values;
    parts.base = source.base;
    parts.weights = source.weights;
    return parts;
}

// What is written is what the workers will read, so that is what is checked.
Result<std::vector<double>> predict_golden(const models::ModelBytes& file, const Source& source,
                                           const Golden& golden) {
    const Result<models::ModelView> view = models::read_model(file.bytes());
    if (!view) return view.error();
    return check_golden(view.value(), golden, source.is_exact);
}

}  // namespace

Result<models::ModelBytes> compile(std::span<const std::byte> bytes,
                                   const CompileOptions& options) try {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    Result<Source> imported = import_source(text, options.import);
    if (!imported) return imported.error();
    Source& source = imported.value();
    if (Status checked = check_limits(source); !checked) return checked.error();
    source.facts.source_sha256 = system::sha256(bytes);
    const std::string version = options.version.empty()
                                    ? make_version(options, source.facts.source_sha256)
                                    : options.version;
    if (options.golden) {
        Result<Golden> read = options.golden(source.facts, source.names);
        if (!read) return read.error();
        source.golden = std::move(read).value();
    }
    if (source.golden.predictions.size() > models::kMaxGoldenRows) {
        return Error{"there are " + std::to_string(source.golden.predictions.size()) +
                     " golden rows; a model keeps at most " +
                     std::to_string(models::kMaxGoldenRows)};
    }
    models::ModelParts parts = parts_of(source, version);
    models::ModelBytes file = models::write_model(parts);
    const Result<std::vector<double>> predictions = predict_golden(file, source, source.golden);
    if (!predictions) return predictions.error();
    if (predictions.value().empty()) return file;
    parts.facts.golden_rows = static_cast<std::uint32_t>(predictions.value().size());
    parts.golden_rows = source.golden.rows;
    parts.golden_predictions = predictions.value();
    return models::write_model(parts);
} catch (const std::bad_alloc&) {
    return Error{"there is not enough memory to compile it; a model of " +
                 std::to_string(bytes.size() >> 20U) + " MiB takes about as much again"};
} catch (const std::length_error&) {
    return Error{"it is larger than a program can hold"};
}

}  // namespace appcore::importers
