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
    std::string default_left = "[1,0,0]";
    std::string classes = "0";
    std::string targets = "1";
    std::string model_extra;    // beside the trees
    std::string booster_extra;  // beside the model
    std::string booster;        // in place of the trees
    int trees = 1;

    [[nodiscard]] std::string tree() const {
        return "{" + extra + R"("default_left":)" + default_left + R"(,"id":0,"left_children":)" +
               left + R"(,"right_children":)" + right + R"(,"split_conditions":)" + conditions +
               R"(,"split_indices":)" + features +
               R"(,"tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"3",)"
               R"("size_leaf_vector":"0"}})";
    }

    [[nodiscard]] std::string trees_text() const {
        std::string all = tree();
        for (int i = 1; i < trees; ++i) all += "," + tree();
        return R"("model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":")" +
               std::to_string(trees) + R"(","size_leaf_vector":"0"},)" + model_extra +
               R"("tree_info":)" + tree_info + R"(,"trees":[)" + all + R"(]},)" + booster_extra +
               R"("name":"gbtree")";
    }

    [[nodiscard]] std::string text() const {
        return R"({"learner":{"attributes":)" + attributes +
               R"(,"feature_names":[],"feature_types":[],"gradient_booster":{)" +
               (booster.empty() ? trees_text() : booster) +
               R"(},"learner_model_param":{"base_score":")" + base_score +
               R"(","boost_from_average":"1","num_class":")" + classes +
               R"(","num_feature":"2","num_target":")" + targets + R"("},"objective":{"name":")" +
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

double predict(const Document& document, double first, importers::ImportOptions import = {}) {
    const auto file = compile_text(document.text(), import);
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

// Sums in float32: 0.1 is the float next to it.
double as_float(float value) {
    return static_cast<double>(value);
}

TEST_CASE("after early stopping, which trees are meant must be given") {
    Document document;
    document.attributes = R"({"best_iteration":"0"})";
    CHECK(reason(document).empty());  // the best iteration is the last one
    document.trees = 3;
    document.tree_info = "[0,0,0]";
    CHECK(reason(document).find("after 1 of 3 trees; say --trees best") != std::string::npos);
    importers::ImportOptions import;
    import.trees = importers::TreeChoice::best;
    CHECK(predict(document, 1, import) == 1.5);
    import.trees = importers::TreeChoice::all;
    CHECK(predict(document, 1, import) == 3.5);
}

TEST_CASE("a sum of nothing but negative zeros is one, as in XGBoost") {
    // The margin of the base score 0.5 is -0, and a leaf whose gradients cancel is -0, too.
    Document document = with(&Document::objective, "binary:logistic");
    document.conditions = "[5E-1,-0E0,0E0]";
    importers::ImportOptions margin;
    margin.output.kind = importers::OutputChoice::Kind::margin;
    CHECK(std::signbit(predict(document, 0, margin)));
    CHECK_FALSE(std::signbit(predict(document, 1, margin)));
    document.conditions = "[-0E0,-1,1]";  // but as a threshold it is 0
    document.base_score = "5E-1";
    CHECK(predict(document, 0, margin) == 1);
    CHECK(predict(document, -0.0, margin) == 1);
}

TEST_CASE("numbers that no float32 holds are refused, in leaves, thresholds and weights") {
    const auto says = [](const Document& document, std::string_view words) {
        INFO(reason(document));
        CHECK(reason(document).find(words) != std::string::npos);
    };
    says(with(&Document::conditions, "[1e39,-1,1]"), "tree 0: node 0 has a threshold that is not");
    says(with(&Document::conditions, "[0.5,-1,1e39]"), "tree 0: node 2 has a leaf that is not");
    says(with(&Document::conditions, "[0.5,-1e39,1]"), "tree 0: node 1 has a leaf that is not");
    says(with(&Document::booster_extra, R"("weight_drop":[1e39],)"), "'weight_drop' must be");
    says(with(&Document::booster_extra, R"("weight_drop":[1,1],)"),
         "'weight_drop' must be a list of 1 numbers, got a list of 2 numbers");
    CHECK(predict(with(&Document::conditions, "[3.4028234e38,-1,1]"), 1) == -0.5);
}

TEST_CASE("the base score goes through the link of each objective, and into each output") {
    const auto of = [](const std::string& objective, const std::string& base) {
        Document document = with(&Document::objective, objective);
        document.base_score = base;
        importers::ImportOptions margin;
        margin.output.kind = importers::OutputChoice::Kind::margin;
        return predict(document, 1, margin);
    };
    for (const std::string name : {"binary:logistic", "reg:logistic"}) {
        CHECK(of(name, "2.5E-1") == as_float(-logf(1.0F / 0.25F - 1.0F) + 1.0F));
    }
    for (const std::string name :
         {"count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"}) {
        CHECK(of(name, "2.5E-1") == as_float(logf(0.25F) + 1.0F));
    }
    for (const std::string name : {"reg:squarederror", "binary:logitraw", "binary:hinge",
                                   "reg:absoluteerror", "reg:pseudohubererror", "rank:ndcg"}) {
        CHECK(of(name, "2.5E-1") == 1.25);
        CHECK(of(name, "[2.5E-1]") == 1.25);  // since XGBoost 3.1
    }
    CHECK(reason(with(&Document::base_score, "[1E0,2E0]")).find("'base_score'") !=
          std::string::npos);
    CHECK(reason(with(&Document::base_score, "nan")).find("'base_score'") != std::string::npos);
}

TEST_CASE("each class has its own trees and, since XGBoost 3.1, its own base score") {
    Document document = with(&Document::objective, "multi:softprob");
    document.classes = "3";
    document.trees = 3;
    document.tree_info = "[0,1,2]";
    document.base_score = "[0E0,5E-1,-2E0]";
    const auto margin = [&](std::uint32_t index) {
        importers::ImportOptions import;
        import.output = {importers::OutputChoice::Kind::margin, index};
        return predict(document, 1, import);
    };
    CHECK(margin(0) == 1);
    CHECK(margin(1) == 1.5);
    CHECK(margin(2) == -1);
    importers::ImportOptions largest;
    largest.output.kind = importers::OutputChoice::Kind::largest;
    CHECK(predict(document, 1, largest) == 1);
    CHECK(reason(document).find("--output class") != std::string::npos);
}

TEST_CASE("links of XGBoost are computed in float32") {
    const auto of = [](const std::string& objective) {
        Document document = with(&Document::objective, objective);
        document.base_score = objective == "binary:hinge" ? "0E0" : "5E-1";
        return predict(document, 1);
    };
    CHECK(of("binary:hinge") == 1);
    CHECK(predict(with(&Document::objective, "binary:hinge"), 0) == 0);
    CHECK(of("count:poisson") == as_float(expf(logf(0.5F) + 1.0F)));
    CHECK(of("survival:aft") ==
          as_float(static_cast<float>(std::exp(as_float(logf(0.5F) + 1.0F)))));
    CHECK(of("rank:pairwise") == 1.5);
}

TEST_CASE("listed categories go right, unknown and negative ones left") {
    Document document =
        with(&Document::extra, R"("split_type":[1,0,0],"categories":[1,3],"categories_nodes":[0],)"
                               R"("categories_segments":[0],"categories_sizes":[2],)");
    document.base_score = "0E0";
    for (const double listed : {1.0, 3.0, 3.7}) CHECK(predict(document, listed) == 1);
    for (const double other : {0.0, 2.0, 4.0, -1.0, -0.5, 1e8})
        CHECK(predict(document, other) == -1);
    CHECK(predict(document, NAN) == -1);
    document.default_left = "[0,0,0]";
    CHECK(predict(document, NAN) == 1);
    document.extra = R"("split_type":[1,0,0],"categories":[1,3],"categories_nodes":[0],)"
                     R"("categories_segments":[0],"categories_sizes":[3],)";
    CHECK(
        reason(document).find(
            "'categories_sizes' must be a list with each element an integer from 0 to 2, got 3") !=
        std::string::npos);
}

TEST_CASE("dart's weights scale the leaves, beside the trees or, since XGBoost 3.4, among them") {
    Document inside = with(&Document::model_extra, R"("weight_drop":[0.5],)");
    Document beside;
    beside.booster =
        R"("gbtree":{)" + beside.trees_text() + R"(},"name":"dart","weight_drop":[0.5])";
    inside.base_score = beside.base_score = "0E0";
    CHECK(predict(inside, 1) == 0.5);
    CHECK(predict(beside, 1) == 0.5);
    CHECK(predict(with(&Document::model_extra, R"("weight_drop":[],)"), 1) == 1.5);
}

TEST_CASE("gblinear adds its bias last and leaves missing features out") {
    Document document;
    document.base_score = "1E0";
    document.booster = R"("model":{"weights":[2,3,0.25]},"name":"gblinear")";
    CHECK(predict(document, 2) == 1 + 0.25 + 4);
    CHECK(predict(document, NAN) == 1 + 0.25);
    document.booster = R"("model":{"weights":[2,3]},"name":"gblinear")";
    CHECK(reason(document).find("'weights' must be a list of 3 numbers") != std::string::npos);
    document.booster = R"("model":{"weights":[1e39,3,1]},"name":"gblinear")";
    CHECK(reason(document).find("'weights' must be a list of numbers that fit float32") !=
          std::string::npos);
}

TEST_CASE("what newer versions add and changes a result is refused by name") {
    const auto says = [](const Document& document, std::string_view words) {
        INFO(reason(document));
        CHECK(reason(document).find(words) != std::string::npos);
    };
    CHECK(reason(with(&Document::model_extra, R"("cats":{"enc":[],"feature_segments":[]},)"))
              .empty());
    says(with(&Document::model_extra, R"("cats":{"enc":[{"type":0}]},)"), "'cats'");
    says(with(&Document::targets, "2"), "'num_target' must be 0 or 1, got '2'");
    says(with(&Document::extra, R"("leaf_weights":[1,2],)"), "vector leaves");
    says(with(&Document::classes, "4000000000"), "'num_class' must be an integer from 0 to 1024");
    says(with(&Document::booster, R"("name":"gbforest")"), "'gbforest' is unknown");
    says(with(&Document::attributes, R"({"best_iteration":"x"})"),
         "'best_iteration' must be an integer, got 'x'");
    says(with(&Document::left, "[1,-1,-1,-1]"),
         "'left_children' must be a list of 3 numbers, got a list of 4 numbers");
    says(with(&Document::left, "[0.5,-1,-1]"),
         "'left_children' must be a list with each element an integer from -1 to 134217728, got "
         "0.5");
}
