// What an importer makes of a source: all of a compiled model but the golden rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/importers/forest_builder.hpp"
#include "appcore/models/acm_format.hpp"
#include "appcore/result.hpp"

namespace appcore::importers {

// What a model is to answer with. `index` counts from 0.
struct OutputChoice {
    enum class Kind : unsigned char { only, largest, probability, margin };
    Kind kind = Kind::only;              // the prediction of a model with one output
    std::optional<std::uint32_t> index;  // for probability and margin of models with several
};

enum class TreeChoice : unsigned char { unsaid, best, all };

struct ImportOptions {
    OutputChoice output;
    TreeChoice trees = TreeChoice::unsaid;
    bool null_is_missing = false;
};

// Rows and predictions that came with a source or as files.
struct Golden {
    std::vector<double> rows;  // features each; NaN: missing
    std::vector<double> predictions;
};

struct Source {
    models::acm::Facts facts{};  // without what ForestBuilder knows, counts of the rest and hash
    std::string library;         // "XGBoost 1.7.4"
    std::string objective;
    std::vector<std::string> names;  // as many as facts.features
    ForestBuilder forest{models::acm::NodeKind::small, models::acm::LeafKind::inline_value};
    std::vector<models::acm::Step> steps;
    std::vector<double> step_values;
    std::vector<double> base;
    std::vector<double> weights;
    Golden golden;
    bool is_exact = true;  // predictions have the library's bits; otherwise they are near
};

// Sets facts.output and output_index, or says what to ask for. `after_link`: the class is that of
// the largest prediction, not of the largest margin.
[[nodiscard]] Status choose_output(const OutputChoice& choice, bool after_link,
                                   models::acm::Facts& facts);

// Each reads the whole text of one format. The error is a sentence that says what to do.
[[nodiscard]] Result<Source> import_lightgbm(std::string_view text, const ImportOptions& options);
[[nodiscard]] Result<Source> import_xgboost_json(std::string_view text,
                                                 const ImportOptions& options);
[[nodiscard]] Result<Source> import_xgboost_ubjson(std::string_view text,
                                                   const ImportOptions& options);
[[nodiscard]] Result<Source> import_export(std::string_view text, const ImportOptions& options);

// Recognises the format of a source by its first bytes, and imports it.
[[nodiscard]] Result<Source> import_source(std::string_view text, const ImportOptions& options);

}  // namespace appcore::importers
