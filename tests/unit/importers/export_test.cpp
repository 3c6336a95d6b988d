// The rules of the documents that appcore_export.py writes, each on a model that one can follow.

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "appcore/importers/compile.hpp"
#include "appcore/models/evaluator.hpp"
#include "appcore/models/prediction_problem.hpp"
#include "catch.hpp"

using namespace appcore;

namespace {

// A stump on the first of two features: x <= 0.5 gives -1, otherwise 1.
struct Document {
    std::string features = "2";
    std::string outputs = "1";
    std::string steps;
    std::string input = "float64";
    std::string categories;
    std::string base = "0.0";
    std::string link = "identity";
    std::string class_of;
    std::string trees = R"({"output":0,"left":[1,-1,-1],"right":[2,-1,-1],"feature":[0,0,0],)"
                        R"("threshold":[0.5,0.0,0.0],"value":[0.0,-1.0,1.0]})";
    std::string linear;  // in place of the trees
    std::string golden = R"("rows":[],"predictions":[])";

    [[nodiscard]] std::string text() const {
        const std::string exact =
            categories.empty() ? "" : R"("categories":")" + categories + "\",";
        const std::string rule = class_of.empty() ? "" : R"("class_of":")" + class_of + "\",";
        const std::string model =
            linear.empty() ? R"("kind":"trees","input":")" + input + "\"," + exact + R"("base":[)" +
                                 base + R"(],"average":false,)" + rule + R"("link":")" + link +
                                 R"(","trees":[)" + trees + "]"
                           : R"("kind":"linear",)" + rule + R"("link":")" + link + "\"," + linear;
        return R"({"format":"appcore-export","format_version":1,"library":"scikit-learn 1.2.1",)"
               R"("estimator":"Test","features":{"count":)" +
               features + R"(,"names":[]},"outputs":)" + outputs + R"(,"steps":[)" + steps +
               R"(],"model":{)" + model + R"(},"golden":{)" + golden + "}}";
    }
};

Result<models::ModelBytes> compile(const Document& document, importers::ImportOptions import = {}) {
    importers::CompileOptions options;
    options.name = "test";
    options.import = import;
    const std::string text = document.text();
    return importers::compile(std::as_bytes(std::span(text)), options);
}

std::string reason(const Document& document, importers::ImportOptions import = {}) {
    const auto file = compile(document, import);
    return file ? "" : file.error().message;
}

models::Prediction predict(const Document& document, const std::vector<double>& row,
                           importers::ImportOptions import = {}) {
    const auto file = compile(document, import);
    if (!file) FAIL(file.error().message);
    const auto view = models::read_model(file.value().bytes());
    models::Evaluator evaluator(view.value());
    return evaluator.predict(row);
}

std::string digits(double number) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.17g", number);
    return text.data();
}

// Whether `expected` is taken as what the library predicts for the row [1, 0].
bool agrees(Document document, double expected) {
    document.golden = R"("rows":[[1.0,0.0]],"predictions":[)" + digits(expected) + "]";
    return reason(document).empty();
}

constexpr importers::ImportOptions kClass = {{importers::OutputChoice::Kind::largest, {}}};

// Trees of one leaf each, which add nothing: the base is the raw scores.
Document three_classes(const std::string& scores, const std::string& link) {
    Document document;
    document.outputs = "3";
    document.base = scores;
    document.link = link;
    document.trees =
        R"({"output":0,"left":[-1],"right":[-1],"feature":[0],"threshold":[0],"value":[0]})";
    return document;
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("a prediction by exp may differ from the library's by 1e-12 of itself") {
    Document document;
    document.link = "exp";
    for (const std::string base : {"-1.0", "20.0", "-60.0"}) {
        document.base = base;
        const double exact = predict(document, {1, 0}).value;
        INFO(exact);
        CHECK(agrees(document, std::nextafter(exact, 1e300)));
        CHECK(agrees(document, exact * (1 + 0.9e-12)));
        CHECK_FALSE(agrees(document, exact * (1 + 1.1e-12)));
        CHECK_FALSE(agrees(document, exact * (1 - 1.1e-12)));
    }
}

TEST_CASE("a linear model's prediction may differ by 1e-12 of the sum of its terms' magnitudes") {
    Document document;
    document.linear = R"("coefficients":[[1000.0,1.0]],"intercept":[-999.0])";
    CHECK(predict(document, {1, 0}).value == 1);
    CHECK(agrees(document, 1 + 1.9e-9));
    CHECK_FALSE(agrees(document, 1 + 2.1e-9));
    document.linear = R"("coefficients":[[1e-6,0.0]],"intercept":[1e-6])";
    CHECK(agrees(document, 2e-6 + 1.9e-18));
    CHECK_FALSE(agrees(document, 2e-6 + 2.1e-18));
}

TEST_CASE("a golden prediction that is not a number agrees with nothing") {
    Document document;
    document.link = "exp";
    document.golden = R"("rows":[[1.0,0.0]],"predictions":[NaN])";
    CHECK(reason(document).find("no finite number") != std::string::npos);
}

TEST_CASE("trees that do not say where missing values go take none, unless an imputer is first") {
    importers::ImportOptions null;
    null.null_is_missing = true;
    Document document;
    CHECK(predict(document, {kNan, 0}).problem == models::Problem::missing);
    CHECK(reason(document, null).find("takes no missing values") != std::string::npos);
    document.steps = R"({"kind":"impute","values":[1.0,0.0]})";
    CHECK(predict(document, {kNan, 0}).value == 1);
    CHECK(reason(document, null).empty());
    document.steps.clear();
    document.trees.insert(1, R"("missing_left":[1,0,0],)");
    CHECK(predict(document, {kNan, 0}).value == -1);
    CHECK(reason(document, null).empty());
}

TEST_CASE("a tree may have thousands of splits by categories") {
    // Node i leads to 2i + 1 for category 1, to 2i + 2 for others; each leaf is its own index.
    constexpr int kSplits = 5'000;
    std::string left;
    std::string right;
    std::string zeros;
    std::string values;
    std::string categories;
    for (int i = 0; i < 2 * kSplits; ++i) {
        const bool is_split = i < kSplits;
        left += std::to_string(is_split ? 2 * i + 1 : -1) + ",";
        right += std::to_string(is_split ? 2 * i + 2 : -1) + ",";
        zeros += "0,";
        values += std::to_string(i) + ",";
        if (is_split) categories += "\"" + std::to_string(i) + "\":[1],";
    }
    categories.pop_back();
    Document document;
    document.trees = R"({"output":0,"left":[)" + left + R"(-1],"right":[)" + right +
                     R"(-1],"feature":[)" + zeros + R"(0],"threshold":[)" + zeros +
                     R"(0],"value":[)" + values + std::to_string(2 * kSplits) +
                     R"(],"categories":{)" + categories + "}}";
    CHECK(predict(document, {1, 0}).value == 8'191);
    CHECK(predict(document, {2, 0}).value == 8'190);
}

TEST_CASE("trees of more features than a small node can name split by the right ones") {
    constexpr int kFeatures = 9'000;  // a small node has 13 bits for the column
    Document document;
    document.features = std::to_string(kFeatures);
    document.input = "float32";
    document.trees.clear();
    for (int i = 0; i < kFeatures; ++i) {
        document.trees +=
            (i == 0 ? "" : ",") +
            std::string(R"({"output":0,"left":[1,-1,-1],"right":[2,-1,-1],"feature":[)") +
            std::to_string(i) + R"(,0,0],"threshold":[0.5,0,0],"value":[0,0,)" + std::to_string(i) +
            "]}";
    }
    std::vector<double> row(kFeatures);
    row[8'999] = 1;
    CHECK(predict(document, row).value == 8'999);
}

// Raw scores and what predict() of scikit-learn 1.2.1 answers to them.
TEST_CASE("boosting's class is that of the largest probability, of equal ones the first") {
    const auto class_of = [](const Document& document) {
        return predict(document, {0, 0}, kClass).value;
    };
    // HistGradientBoostingClassifier: both probabilities are 0.3702021709996155.
    Document document =
        three_classes("0.12602002049600428,0.1260200204960043,-0.22890398506165643", "softmax");
    CHECK(class_of(document) == 0);
    document.class_of = "probabilities";
    CHECK(class_of(document) == 0);
    document.class_of = "raw_scores";
    CHECK(class_of(document) == 1);
    // GradientBoostingClassifier, whose softmax is another one: equal probabilities, then not.
    document = three_classes("-0.9797940249276776,-0.9797940249276775,-1.001123773601302",
                             "softmax_by_log");
    CHECK(class_of(document) == 0);
    document.base = "-0.9797940249276776,-0.9797940249276775,-0.9826521582642693";
    CHECK(class_of(document) == 1);
}

TEST_CASE("a linear model's class is that of the largest raw score") {
    // LogisticRegression: both probabilities are 0.4033655504559988, predict() answers 1.
    Document document;
    document.outputs = "3";
    document.link = "softmax";
    document.linear = R"("coefficients":[[0,0],[0,0],[0,0]],)"
                      R"("intercept":[0.24525358171785278,0.2452535817178528,-0.4905071634357048])";
    CHECK(predict(document, {0, 0}, kClass).value == 1);
    document.class_of = "raw_scores";
    CHECK(predict(document, {0, 0}, kClass).value == 1);
    document.class_of = "odds";
    CHECK(reason(document, kClass).find("'class_of' must be") != std::string::npos);
}

TEST_CASE("a golden row's class is the one that predict() answered, not the largest probability") {
    Document document = three_classes("1.0,1.0000000000000002,0.0", "softmax");
    document.class_of = "raw_scores";
    const std::string equal = R"("rows":[[0,0]],"predictions":[[0.42,0.42,0.16]])";
    document.golden = equal + R"(,"classes":[1])";
    CHECK(reason(document, kClass).empty());
    document.golden = equal + R"(,"classes":[0])";
    CHECK(reason(document, kClass) == "golden row 1: the model predicts 1.0, expected was 0.0");
    document.golden = equal + R"(,"classes":[3])";
    CHECK(reason(document, kClass).find("'classes' must be a list") != std::string::npos);
    document.golden = equal + R"(,"classes":[])";
    CHECK(reason(document, kClass) == "there are 1 golden rows, but 0 predictions");
}

TEST_CASE("a linear model's class may differ where another order of additions makes it another") {
    Document document;
    document.outputs = "3";
    document.link = "softmax";
    document.linear = R"("coefficients":[[1000,0],[1000,0],[0,0]],"intercept":[0,1e-10,0])";
    const auto agrees_with = [&](const std::string& expected) {
        document.golden =
            R"("rows":[[1,0]],"predictions":[[0.5,0.5,0]],"classes":[)" + expected + "]";
        return reason(document, kClass).empty();
    };
    CHECK(agrees_with("1"));
    CHECK(agrees_with("0"));  // 1e-10 is less than 1e-12 of the terms' 2,000
    CHECK_FALSE(agrees_with("2"));
    document.linear = R"("coefficients":[[1000,0],[1000,0],[0,0]],"intercept":[0,1e-8,0])";
    CHECK_FALSE(agrees_with("0"));
}

TEST_CASE("a fraction is its integer part as a category, and unknown where categories are exact") {
    // Category 1 gives -1, all else 1.
    Document document;
    document.trees =
        R"({"output":0,"left":[1,-1,-1],"right":[2,-1,-1],"feature":[0,0,0],"threshold":[0,0,0],)"
        R"("value":[0,-1,1],"missing_left":[0,0,0],"categories":{"0":[1]}})";
    CHECK(predict(document, {1.5, 0}).value == -1);
    document.categories = "exact";
    CHECK(predict(document, {1, 0}).value == -1);
    for (const double other : {1.5, std::nextafter(1.0, 2.0), 0.0, -1.0, 2.0, 1e300, kNan}) {
        INFO(other);
        CHECK(predict(document, {other, 0}).value == 1);
    }
    document.categories = "rounded";
    CHECK(reason(document).find("'categories' must be 'exact'") != std::string::npos);
    document.categories = "exact";
    document.trees.replace(document.trees.find("[0,0,0],\"categories"), 7, "[1,0,0]");
    CHECK(reason(document).find("must be 0 where categories are exact") != std::string::npos);
}
