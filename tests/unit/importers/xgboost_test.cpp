#include <limits>
#include <string>

#include "xgboost_document.hpp"

using namespace std::string_literals;
using namespace xgboost_document;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("a row equal to the threshold goes right, a missing value by default_left") {
    CHECK(predict({}, 0.4999) == -0.5);
    CHECK(predict({}, 0.5) == 1.5);
    CHECK(predict({}, kNan) == -0.5);
}

TEST_CASE("the base score of a logistic objective goes through the link") {
    const Document document = with(&Document::objective, "binary:logistic");
    CHECK(predict(document, 1) == static_cast<double>(1.0F / (expf(-1.0F) + 1.0F)));
}

TEST_CASE("what could change a prediction is refused by name") {
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
    const std::string endless =
        "{L\0\0\0\0\0\0\0\x01"
        "a[$T#L\x01\0\0\0\0\0\0\0"s;
    CHECK(refused(endless));
    const std::string long_text =
        "{L\0\0\0\0\0\0\0\x01"
        "aSL\0\0\0\x01\0\0\0\0"s;
    CHECK(refused(long_text));
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
    CHECK(predict(document, kNan) == -1);
    document.default_left = "[0,0,0]";
    CHECK(predict(document, kNan) == 1);
    document.extra = R"("split_type":[1,0,0],"categories":[1,3],"categories_nodes":[0],)"
                     R"("categories_segments":[0],"categories_sizes":[3],)";
    CHECK(
        reason(document).find(
            "'categories_sizes' must be a list with each element an integer from 0 to 2, got 3") !=
        std::string::npos);
}

TEST_CASE("gblinear adds its bias last and leaves missing features out") {
    Document document;
    document.base_score = "1E0";
    document.booster = R"("model":{"weights":[2,3,0.25]},"name":"gblinear")";
    CHECK(predict(document, 2) == 1 + 0.25 + 4);
    CHECK(predict(document, kNan) == 1 + 0.25);
    document.booster = R"("model":{"weights":[2,3]},"name":"gblinear")";
    CHECK(reason(document).find("'weights' must be a list of 3 numbers") != std::string::npos);
    document.booster = R"("model":{"weights":[1e39,3,1]},"name":"gblinear")";
    CHECK(reason(document).find("'weights' must be a list of numbers that fit float32") !=
          std::string::npos);
}
