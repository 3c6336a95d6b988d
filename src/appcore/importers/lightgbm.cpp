// LightGBM's text format, v2 to v4, as its Booster.save_model() writes it.

#include <array>
#include <cmath>
#include <string>

#include "appcore/importers/feature_names.hpp"
#include "appcore/importers/lightgbm_objective.hpp"
#include "appcore/importers/lightgbm_tree.hpp"
#include "appcore/importers/source.hpp"
#include "appcore/importers/text_lines.hpp"
#include "appcore/importers/value_reader.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

namespace acm = models::acm;

constexpr std::array<std::string_view, 11> kHeaderNames = {
    "version",         "num_class",  "num_tree_per_iteration", "label_index",
    "max_feature_idx", "objective",  "average_output",         "feature_names",
    "feature_infos",   "tree_sizes", "monotone_constraints"};

constexpr std::array<std::string_view, 23> kLightgbmTreeNames = {
    "num_leaves",     "num_cat",       "split_feature",  "split_gain",      "threshold",
    "decision_type",  "left_child",    "right_child",    "leaf_parent",     "leaf_value",
    "leaf_weight",    "leaf_count",    "internal_value", "internal_weight", "internal_count",
    "cat_boundaries", "cat_threshold", "is_linear",      "leaf_const",      "num_features",
    "leaf_features",  "leaf_coeff",    "shrinkage"};

constexpr std::string_view kTree = "Tree=";

// Each line ends with a line break, and a list of parameters with a line of its own.
bool is_cut_off(std::string_view text) {
    constexpr std::string_view kEnd = "\nend of parameters";
    const std::size_t parameters = text.find("\nparameters:");
    return !text.ends_with('\n') || (parameters != std::string_view::npos &&
                                     text.find(kEnd, parameters) == std::string_view::npos);
}

// Whether the JSON is null or lists of 0, 1, 2 and so on: then nothing is translated.
bool are_codes(std::string_view lists) {
    std::uint32_t next = 0;
    while (!lists.empty() && lists != "null") {
        if (lists.front() == '[') next = 0;
        if (lists.find_first_of("[], ") == 0) {
            lists.remove_prefix(1);
            continue;
        }
        const std::string_view code = lists.substr(0, lists.find_first_of("[], "));
        if (parse_whole<std::uint32_t>(code) != next++) return false;
        lists.remove_prefix(code.size());
    }
    return true;
}

class LightgbmImporter {
  public:
    LightgbmImporter(std::string_view text, const ImportOptions& options)
        : text_(text), lines_(text), options_(options) {
        // Leaves of all trees are kept in one way.
        const bool linear = text.find("\nis_linear=1") != std::string_view::npos;
        source_.forest = ForestBuilder(
            acm::NodeKind::large, linear ? acm::LeafKind::linear : acm::LeafKind::inline_value);
    }

    Result<Source> run() {
        std::optional<std::string_view> line = lines_.next();
        if (line != "tree")
            return Error{"the file is not a LightGBM model: its first line is not 'tree'"};
        if (is_cut_off(text_)) return Error{"the file is cut off: its end is missing"};
        if (Status read = read_header(line); !read) return read.error();
        if (Status read = read_facts(); !read) return read.error();
        if (Status read = read_trees(line); !read) return read.error();
        if (Status checked = check_count(); !checked) return checked.error();
        source_.forest.finish();
        return std::move(source_);
    }

  private:
    // Up to the first tree.
    Status read_header(std::optional<std::string_view>& line) {
        while ((line = lines_.next()) && !line->starts_with(kTree)) {
            if (line->empty()) continue;
            if (*line == "end of trees") break;
            if (Status added = add_field(*line, kHeaderNames, header_); !added) return added;
        }
        const std::string_view version = header("version");
        if (version != "v2" && version != "v3" && version != "v4") {
            return Error{"LightGBM's text format is '" + std::string(version.substr(0, 60)) +
                         "'; appcore knows v2 to v4"};
        }
        return Done{};
    }

    [[nodiscard]] std::string_view header(std::string_view name) const {
        const auto found = header_.find(name);
        return found == header_.end() ? std::string_view() : found->second;
    }

    Status read_facts() {
        acm::Facts& facts = source_.facts;
        facts.source = acm::Source::lightgbm;
        facts.model_kind = acm::ModelKind::trees;
        facts.input = facts.sum = acm::Arithmetic::float64;
        facts.flags = acm::kTakesMissing | acm::kFlushesZeros;
        if (options_.null_is_missing) facts.flags |= acm::kNullIsMissing;
        source_.library = "LightGBM, text format " + std::string(header("version"));

        const auto last = parse_whole<std::uint32_t>(header("max_feature_idx"));
        if (!last || *last >= models::kMaxFeatures) {
            return must_be("max_feature_idx", integer_range(0, models::kMaxFeatures - 1),
                           header("max_feature_idx"));
        }
        facts.features = *last + 1;
        const std::string_view name =
            header_.contains("num_tree_per_iteration") ? "num_tree_per_iteration" : "num_class";
        const auto outputs = parse_whole<std::uint32_t>(header(name));
        if (!outputs || *outputs == 0 || *outputs > models::kMaxOutputs) {
            return must_be(name, integer_range(1, models::kMaxOutputs), header(name));
        }
        if (header_.contains("num_class") &&
            parse_whole<std::uint32_t>(header("num_class")) != outputs) {
            return must_be("num_class", std::to_string(*outputs) + ", as 'num_tree_per_iteration'",
                           header("num_class"));
        }
        facts.outputs = *outputs;
        source_.base.assign(facts.outputs, 0);
        if (Status read = read_names(); !read) return read;
        if (Status read = read_lightgbm_objective(header("objective"), source_); !read) return read;
        return choose_output(options_.output, true, facts);
    }

    Status read_names() {
        std::string_view names = header("feature_names");
        while (!names.empty()) {
            const std::string_view name = names.substr(0, names.find(' '));
            names.remove_prefix(std::min(name.size() + 1, names.size()));
            if (Status checked = check_name(name); !checked) return checked;
            source_.names.emplace_back(name);
            if (source_.names.size() > source_.facts.features) break;
        }
        if (source_.names.size() != source_.facts.features) {
            return Error{"'feature_names' must be " + std::to_string(source_.facts.features) +
                         " names, one more than 'max_feature_idx'"};
        }
        return Done{};
    }

    // `line` is that of the first tree.
    Status read_trees(std::optional<std::string_view> line) {
        for (; line; line = lines_.next()) {
            if (line->empty()) continue;
            if (!line->starts_with(kTree)) break;
            Fields fields;
            while ((line = lines_.next()) && !line->empty()) {
                Status added = add_field(*line, kLightgbmTreeNames, fields);
                if (!added) return in_tree(added.error());
            }
            const auto tree = static_cast<std::uint32_t>(source_.forest.tree_count());
            const Status added = add_lightgbm_tree(fields, source_.facts.features,
                                                   tree % source_.facts.outputs, source_.forest);
            if (!added) return in_tree(added.error());
        }
        if (!line || !is_end_of_trees(*line)) {
            return Error{"the file is cut off or damaged: 'end of trees' is missing"};
        }
        return check_categories();
    }

    // The first ones of v2 have a list of importances in its place.
    [[nodiscard]] bool is_end_of_trees(std::string_view line) const {
        return line == "end of trees" ||
               (header("version") == "v2" && (line.starts_with("feature importances") ||
                                              line.starts_with("feature_importances")));
    }

    // LightGBM's Python package translates a data frame's categories to their places in this list.
    Status check_categories() {
        constexpr std::string_view kName = "pandas_categorical:";
        while (const auto line = lines_.next()) {
            if (line->starts_with(kName) && !are_codes(line->substr(kName.size()))) {
                return Error{
                    "'pandas_categorical' holds a translation of categories, which "
                    "appcore does not read: train with categories that are integer codes "
                    "from 0 on"};
            }
        }
        return Done{};
    }

    [[nodiscard]] Error in_tree(const Error& error) const {
        return importers::in_tree(source_.forest.tree_count(), error);
    }

    Status check_count() {
        const std::size_t trees = source_.forest.tree_count();
        std::size_t announced = 0;
        for (const char c : header("tree_sizes")) announced += c == ' ' ? 1 : 0;
        if (!header("tree_sizes").empty()) ++announced;
        if (header_.contains("tree_sizes") && trees != announced) {
            return Error{"the file has " + std::to_string(trees) + " trees, 'tree_sizes' says " +
                         std::to_string(announced) + "; it is damaged or cut off"};
        }
        if (trees % source_.facts.outputs != 0) {
            return Error{"the file has " + std::to_string(trees) +
                         " trees, not the same number for " +
                         std::to_string(source_.facts.outputs) + " outputs"};
        }
        // The raw score of a random forest is a sum, its prediction an average.
        const bool average = header_.contains("average_output") && trees > 0;
        const bool raw = source_.facts.output == acm::Output::margin;
        const auto rounds = trees / source_.facts.outputs;
        source_.facts.divisor = average && !raw ? static_cast<double>(rounds) : 1;
        return Done{};
    }

    std::string_view text_;
    Lines lines_;
    const ImportOptions& options_;
    Fields header_;
    Source source_;
};

}  // namespace

Result<Source> import_lightgbm(std::string_view text, const ImportOptions& options) {
    return LightgbmImporter(text, options).run();
}

}  // namespace appcore::importers
