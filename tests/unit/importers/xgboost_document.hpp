// A small document of XGBoost, to change parts of it and see what becomes of it.
#pragma once

#include <string>
#include <vector>

#include "appcore/importers/compile.hpp"
#include "appcore/models/evaluator.hpp"
#include "catch.hpp"

namespace xgboost_document {

using namespace appcore;

// A stump: x0 < 0.5 gives -1, otherwise 1; a missing value goes left.
struct Document {
    std::string left = "[1,-1,-1]";
    std::string right = "[2,-1,-1]";
    std::string conditions = "[5E-1,-1E0,1E0]";
    std::string features = "[0,0,0]";
    std::string base_score = "5E-1";
    std::string objective = "reg:squarederror";
    std::string version = "[1,7,4]";
    std::string attributes = "{}";
    std::string tree_info = "[0]";
    std::string extra;  // in the tree
    std::string default_left = "[1,0,0]";
    std::string classes = "0";
    std::string targets = "1";
    std::string parallel = "1";   // trees of a round for each class
    std::string model_extra;      // beside the trees
    std::string booster_extra;    // beside the model
    std::string booster;          // in place of the trees
    std::string objective_extra;  // beside the name of the objective
    int trees = 1;
    int first_id = 0;  // what the first tree says its place is

    [[nodiscard]] std::string tree(int index) const {
        return "{" + extra + R"("default_left":)" + default_left + R"(,"id":)" +
               std::to_string(index) + R"(,"left_children":)" + left + R"(,"right_children":)" +
               right + R"(,"split_conditions":)" + conditions + R"(,"split_indices":)" + features +
               R"(,"tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"3",)"
               R"("size_leaf_vector":"0"}})";
    }

    [[nodiscard]] std::string trees_text() const {
        std::string all = tree(first_id);
        for (int i = 1; i < trees; ++i) all += "," + tree(first_id + i);
        return R"("model":{"gbtree_model_param":{"num_parallel_tree":")" + parallel +
               R"(","num_trees":")" + std::to_string(trees) + R"(","size_leaf_vector":"0"},)" +
               model_extra + R"("tree_info":)" + tree_info + R"(,"trees":[)" + all + R"(]},)" +
               booster_extra + R"("name":"gbtree")";
    }

    [[nodiscard]] std::string text() const {
        return R"({"learner":{"attributes":)" + attributes +
               R"(,"feature_names":[],"feature_types":[],"gradient_booster":{)" +
               (booster.empty() ? trees_text() : booster) +
               R"(},"learner_model_param":{"base_score":")" + base_score +
               R"(","boost_from_average":"1","num_class":")" + classes +
               R"(","num_feature":"2","num_target":")" + targets + R"("},"objective":{)" +
               objective_extra + R"("name":")" + objective +
               R"(","reg_loss_param":{"scale_pos_weight":"1"}}},"version":)" + version + "}";
    }
};

inline Result<models::ModelBytes> compile_text(const std::string& text,
                                               importers::ImportOptions import = {}) {
    importers::CompileOptions options;
    options.name = "test";
    options.import = import;
    return importers::compile(std::as_bytes(std::span(text)), options);
}

inline std::string reason(const Document& document) {
    const auto file = compile_text(document.text());
    return file ? "" : file.error().message;
}

inline double predict(const Document& document, double first,
                      importers::ImportOptions import = {}) {
    const auto file = compile_text(document.text(), import);
    if (!file) FAIL(file.error().message);
    const auto view = models::read_model(file.value().bytes());
    models::Evaluator evaluator(view.value());
    const std::vector<double> row = {first, 0};
    return evaluator.predict(row).value;
}

inline Document with(std::string Document::*member, std::string value) {
    Document document;
    document.*member = std::move(value);
    return document;
}

// Whether the refusal of the document has these words in it.
inline void says(const Document& document, std::string_view words) {
    INFO(reason(document));
    CHECK(reason(document).find(words) != std::string::npos);
}

// Sums in float32: 0.1 is the float next to it.
inline double as_float(float value) {
    return static_cast<double>(value);
}

}  // namespace xgboost_document
