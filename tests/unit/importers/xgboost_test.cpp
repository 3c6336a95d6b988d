#include <string>

#include "appcore/importers/compile.hpp"
#include "appcore/models/evaluator.hpp"
#include "catch.hpp"

using namespace appcore;

namespace {

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

    [[nodiscard]] std::string text() const {
        return R"({"learner":{"attributes":)" + attributes +
               R"(,"feature_names":[],"feature_types":[],"gradient_booster":{"model":{)"
               R"("gbtree_model_param":{"num_parallel_tree":"1","num_trees":"1","size_leaf_vector":"0"},)"
               R"("tree_info":)" +
               tree_info + R"(,"trees":[{)" + extra +
               R"("default_left":[1,0,0],"id":0,"left_children":)" + left +
               R"(,"right_children":)" + right + R"(,"split_conditions":)" + conditions +
               R"(,"split_indices":)" + features +
               R"(,"tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"3","size_leaf_vector":"0"}}]},)"
               R"("name":"gbtree"},"learner_model_param":{"base_score":")" +
               base_score +
               R"(","boost_from_average":"1","num_class":"0","num_feature":"2","num_target":"1"},)"
               R"("objective":{"name":")" +
               objective + R"(","reg_loss_param":{"scale_pos_weight":"1"}}},"version":)" + version +
               "}";
    }
};

Result<models::ModelBytes> compile_text(const std::string& text,
                                        importers::ImportOptions import = {}) {
    importers::CompileOptions options;
    options.name = "test";
    options.import = import;
    return importers::compile(std::as_bytes(std::span(text)), options);
}

std::string reason(const Document& document) {
    const auto file = compile_text(document.text());
    return file ? "" : file.error().message;
}

double predict(const Document& document, double first) {
    const auto file = compile_text(document.text());
    if (!file) FAIL(file.error().message);
    const auto view = models::read_model(file.value().bytes());
    models::Evaluator evaluator(view.value());
    const std::vector<double> row = {first, 0};
    return evaluator.predict(row).value;
}

Document with(std::string Document::*member, std::string value) {
    Document document;
    document.*member = std::move(value);
    return document;
}

}  // namespace

TEST_CASE("a row equal to the threshold goes right, a missing value by default_left") {
    CHECK(predict({}, 0.4999) == -0.5);
    CHECK(predict({}, 0.5) == 1.5);
    CHECK(predict({}, NAN) == -0.5);
}

TEST_CASE("the base score of a logistic objective goes through the link") {
    const Document document = with(&Document::objective, "binary:logistic");
    CHECK(predict(document, 1) == static_cast<double>(1.0F / (expf(-1.0F) + 1.0F)));
}

TEST_CASE("what could change a prediction is refused by name") {
    const auto says = [](const Document& document, std::string_view words) {
        INFO(reason(document));
        CHECK(reason(document).find(words) != std::string::npos);
    };
    CHECK(reason({}).empty());
    says(with(&Document::right, "[1,-1,-1]"), "right child");
    says(with(&Document::left, "[0,-1,-1]"), "node 0");
    says(with(&Document::left, "[7,-1,-1]"), "node 0");
    says(with(&Document::conditions, "[NaN,-1,1]"), "threshold that is not finite");
    says(with(&Document::conditions, "[0.5,NaN,1]"), "leaf that is not finite");
    says(with(&Document::conditions, "[0.5,-1]"), "'split_conditions'");
    says(with(&Document::features, "[5,0,0]"), "feature 5");
    says(with(&Document::objective, "reg:newest"), "'reg:newest'");
    says(with(&Document::version, "[4,0,0]"), "XGBoost 4.0.0");
    says(with(&Document::tree_info, "[1]"), "'tree_info'");
    says(with(&Document::extra, R"("surprise":1,)"), "'surprise'");
    Document bad_base = with(&Document::objective, "binary:logistic");
    bad_base.base_score = "1E0";
    says(bad_base, "base_score of binary:logistic must be above 0 and below 1");
    bad_base.objective = "count:poisson";
    bad_base.base_score = "0E0";
    says(bad_base, "above 0");
}

TEST_CASE("a document that is damaged, nested or endless is refused") {
    const auto refused = [](const std::string& text) { return !compile_text(text).ok(); };
    const std::string whole = Document{}.text();
    for (std::size_t size = 1; size < whole.size(); size += 7) {
        CHECK(refused(whole.substr(0, size)));
    }
    CHECK(refused("{\"learner\":" + std::string(100'000, '[')));
    // 2^56 truth values that take no byte each, announced in UBJSON.
    const std::string endless(
        "{L\0\0\0\0\0\0\0\x01"
        "a[$T#L\x01\0\0\0\0\0\0\0",
        26);
    CHECK(refused(endless));
    const std::string long_text(
        "{L\0\0\0\0\0\0\0\x01"
        "aSL\0\0\0\x01\0\0\0\0",
        22);
    CHECK(refused(long_text));
}

TEST_CASE("after early stopping it has to be said which trees are meant") {
    Document document;
    document.attributes = R"({"best_iteration":"0"})";
    CHECK(reason(document).empty());  // the best iteration is the last one
}
