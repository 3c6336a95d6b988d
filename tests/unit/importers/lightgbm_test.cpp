// The rules of LightGBM's text format that decide a prediction, each on a tree that one can follow:
// docs/models.md says which, tests/models has LightGBM's own predictions.

#include <cmath>
#include <string>
#include <vector>

#include "appcore/importers/compile.hpp"
#include "appcore/models/evaluator.hpp"
#include "catch.hpp"

using namespace appcore;

namespace {

// A stump on the first of two features: x <= 0.5 gives -1, otherwise 2.
struct Document {
    std::string classes = "num_class=1\nnum_tree_per_iteration=1\n";
    std::string objective = "objective=regression\n";
    std::string average;
    std::string threshold = "0.5";
    std::string decision = "2";
    std::string left = "-1";
    std::string leaves = "-1 2";
    std::string categories = "num_cat=0\n";
    std::string linear = "is_linear=0\n";
    int trees = 1;
    std::string end = "end of trees\n\nparameters:\n[boosting: gbdt]\nend of parameters\n";

    [[nodiscard]] std::string text() const {
        std::string text = "tree\nversion=v4\n" + classes + "label_index=0\nmax_feature_idx=1\n" +
                           objective + average + "feature_names=a b\nfeature_infos=none none\n\n";
        for (int i = 0; i < trees; ++i) {
            text += "Tree=" + std::to_string(i) + "\nnum_leaves=2\n" + categories +
                    "split_feature=0\nsplit_gain=1\nthreshold=" + threshold +
                    "\ndecision_type=" + decision + "\nleft_child=" + left +
                    "\nright_child=-2\nleaf_value=" + leaves + "\n" + linear + "shrinkage=1\n\n\n";
        }
        return text + end;
    }
};

Document with(std::string Document::*member, std::string value) {
    Document document;
    document.*member = std::move(value);
    return document;
}

Result<models::ModelBytes> compile_text(const std::string& text,
                                        importers::ImportOptions import = {}) {
    importers::CompileOptions options;
    options.name = "test";
    options.import = import;
    return importers::compile(std::as_bytes(std::span(text)), options);
}

double predict(const Document& document, double first, double second = 0,
               importers::ImportOptions import = {}) {
    const auto file = compile_text(document.text(), import);
    if (!file) FAIL(file.error().message);
    const auto view = models::read_model(file.value().bytes());
    models::Evaluator evaluator(view.value());
    return evaluator.predict(std::vector<double>{first, second}).value;
}

std::string reason(const std::string& text) {
    const auto file = compile_text(text);
    return file ? "" : file.error().message;
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr auto kTiny = static_cast<double>(1e-35F);  // what LightGBM takes for 0

}  // namespace

TEST_CASE("a value at LightGBM's threshold goes left, the next one right") {
    CHECK(predict({}, 0.5) == -1);
    CHECK(predict({}, std::nextafter(0.5, 1)) == 2);
}

TEST_CASE("LightGBM takes what is next to zero for zero") {
    const Document document = with(&Document::threshold, "-1e-36");
    CHECK(predict(document, -kTiny) == 2);  // 0 is above -1e-36
    CHECK(predict(document, std::nextafter(-kTiny, -1.0)) == -1);
}

TEST_CASE("missing values go where LightGBM's decision_type sends them") {
    struct Case {
        std::string decision;
        double value;
        double expected;
    };
    // Bit 1: default left; bits 2 and 3: nothing is missing, zero is, NaN is. The threshold is -1.
    const std::vector<Case> cases = {
        {"2", kNan, 2},   {"0", kNan, 2},    // NaN is 0, which is above -1
        {"6", kNan, -1},  {"6", 0.0, -1},    // zero and NaN by default: left
        {"6", kTiny, -1}, {"4", kNan, 2},    // right
        {"4", 0.0, 2},    {"10", kNan, -1},  // NaN by default: left
        {"10", 0.0, 2},   {"8", kNan, 2},    // right
        {"6", -2.0, -1},  {"8", -2.0, -1},   // what is not missing is compared
    };
    for (const Case& one : cases) {
        Document document = with(&Document::threshold, "-1");
        document.decision = one.decision;
        INFO("decision_type " << one.decision << ", value " << one.value);
        CHECK(predict(document, one.value) == one.expected);
    }
}

TEST_CASE("LightGBM's categories in the set go left, all others right") {
    Document document;
    document.categories = "num_cat=1\ncat_boundaries=0 2\ncat_threshold=10 1\n";  // 1, 3 and 32
    document.threshold = "0";
    document.decision = "1";
    for (const double in : {1.0, 3.0, 3.9, 32.0}) CHECK(predict(document, in) == -1);
    for (const double out : {0.0, -0.5, 2.0, 33.0, 64.0, -1.0, 1e9, kNan}) {
        CHECK(predict(document, out) == 2);
    }
}

TEST_CASE("a linear leaf of LightGBM is its value where one of its features is missing") {
    Document document;
    document.linear =
        "is_linear=1\nleaf_const=10 20\nnum_features=2 0\nleaf_features=0 1 \n"
        "leaf_coeff=0.5 0.25 \n";
    CHECK(predict(document, -2, 8) == 10 + 0.5 * -2 + 0.25 * 8);
    CHECK(predict(document, -2, kNan) == -1);
    CHECK(predict(document, 1, kNan) == 20);
}

TEST_CASE("LightGBM's average is taken before the link, and not of a raw score") {
    Document document = with(&Document::average, "average_output\n");
    document.objective = "objective=binary sigmoid:2\n";
    document.trees = 4;
    CHECK(predict(document, 1) == 1.0 / (1.0 + std::exp(-2.0 * 2.0)));
    importers::ImportOptions margin;
    margin.output.kind = importers::OutputChoice::Kind::margin;
    CHECK(predict(document, 1, 0, margin) == 8);
}

TEST_CASE("LightGBM's objectives have the links of the library") {
    const auto of = [](const std::string& objective, double value) {
        return predict(with(&Document::objective, "objective=" + objective + "\n"), value);
    };
    CHECK(of("regression sqrt", 0) == -1);
    CHECK(of("regression sqrt", 1) == 4);
    CHECK(of("quantile alpha:0.5", 1) == 2);
    for (const std::string name : {"poisson", "gamma", "tweedie tweedie_variance_power:1.5"}) {
        CHECK(of(name, 1) == std::exp(2.0));
    }
    CHECK(of("cross_entropy", 1) == 1.0 / (1.0 + std::exp(-2.0)));
    CHECK(of("lambdarank", 1) == 2);
}

TEST_CASE("LightGBM's classes one against the rest are not divided by their sum") {
    Document document =
        with(&Document::objective, "objective=multiclassova num_class:2 sigmoid:1\n");
    document.classes = "num_class=2\nnum_tree_per_iteration=2\n";
    document.trees = 2;
    importers::ImportOptions first;
    first.output = {importers::OutputChoice::Kind::probability, 0};
    CHECK(predict(document, 1, 0, first) == 1.0 / (1.0 + std::exp(-2.0)));
}

TEST_CASE("LightGBM's scale of the sigmoid is read in LightGBM's steps") {
    const auto of = [](const std::string& scale) {
        return predict(with(&Document::objective, "objective=binary sigmoid:" + scale + "\n"), 1);
    };
    const auto sigmoid = [](double scale) { return 1.0 / (1.0 + std::exp(-scale * 2)); };
    CHECK(of("0.7") == sigmoid(7 / 10.0));
    CHECK(of("1e-05") == sigmoid(1.0 / 100000));
    CHECK(of("1.5E+1") == sigmoid(15));
    CHECK(of("2.34567e-25") == sigmoid((2 + 34567 / 100000.0) / (1e8 * 1e8 * 1e8 * 10)));
    CHECK(of("1e300") == 1);
}

TEST_CASE("a feature's name is text that can be shown") {
    const auto named = [](const std::string& name) {
        std::string text = Document{}.text();
        return reason(text.replace(text.find("a b"), 1, name));
    };
    CHECK(named("\xC3\xA4=\"1\"").empty());
    CHECK(named(std::string(1024, 'a')).empty());
    CHECK(named(std::string(1025, 'a')).find("at most 1024 bytes, one has 1025") !=
          std::string::npos);
    for (const std::string& name : {std::string("\xE4"), std::string("a\0b", 3),
                                    std::string("\x1B[2J"), std::string("\x7F")}) {
        CHECK(named(name).find("must be UTF-8 without control characters") != std::string::npos);
    }
}

TEST_CASE("a LightGBM file that contradicts itself or is unknown is refused with the value") {
    const auto says = [](const Document& document, const std::string& words) {
        INFO(reason(document.text()));
        CHECK(reason(document.text()).find(words) != std::string::npos);
    };
    CHECK(reason(Document{}.text()).empty());
    says(with(&Document::classes, "num_class=3\nnum_tree_per_iteration=1\n"),
         "'num_class' must be 1, as 'num_tree_per_iteration', got '3'");
    says(with(&Document::classes, "num_class=0\nnum_tree_per_iteration=0\n"),
         "'num_tree_per_iteration' must be an integer from 1 to 1024, got '0'");
    says(with(&Document::objective, "objective=tomorrow\n"), "'tomorrow' is unknown");
    for (const std::string scale : {"0", "-1", "1e", "1e-x", "9e400", "nan", ""}) {
        says(with(&Document::objective, "objective=binary sigmoid:" + scale + "\n"),
             "'sigmoid:" + scale + "' must be a number above 0");
    }
    says(with(&Document::objective, "objective=binary wings:2\n"), "'wings:2' is unknown");
    says(with(&Document::threshold, "nan"), "threshold that is not finite");
    says(with(&Document::leaves, "1e999 2"),
         "'leaf_value' must be a list of 2 numbers, got '1e999'");
    says(with(&Document::leaves, "1 0x2"), "'leaf_value' must be a list of 2 numbers, got '0x2'");
    says(with(&Document::leaves, "1 2 3"),
         "'leaf_value' must be a list of 2 numbers, got 3 numbers");
    says(with(&Document::leaves, ""), "'leaf_value' must be a list of 2 numbers, got 0 numbers");
    says(with(&Document::decision, "12"), "unknown decision_type");
    says(with(&Document::categories, "num_cat=2\n"),
         "'num_cat' must be an integer from 0 to 1, got '2'");
    says(with(&Document::linear, "is_linear=2\n"), "'is_linear' must be 0 or 1, got '2'");
    says(with(&Document::linear, "surprise=2\n"), "'surprise' is unknown");
}

TEST_CASE("a child of LightGBM is a split or a leaf that is there") {
    // In memory leaves come behind the splits, but 1 does not name the first leaf.
    for (const char* child : {"1", "2", "2147483647", "-3", "-2147483648"}) {
        CAPTURE(child);
        CHECK(reason(with(&Document::left, child).text()) ==
              "tree 0: node 0 has a child that does not exist");
    }
    CHECK(reason(with(&Document::left, "0").text()).ends_with("is its own ancestor"));
}

TEST_CASE("a LightGBM file that was cut at any byte is refused") {
    // After the line that ends the trees only notes follow.
    const std::string whole = with(&Document::end, "end of trees\n").text();
    for (std::size_t size = 1; size < whole.size(); ++size) {
        INFO("after " << whole.substr(size < 30 ? 0 : size - 30, 30));
        CHECK_FALSE(reason(whole.substr(0, size)).empty());
    }
    const std::string noted = Document{}.text();
    for (std::size_t size = whole.size() + 2; size < noted.size(); ++size) {
        INFO("after " << noted.substr(size - 30, 30));
        CHECK_FALSE(reason(noted.substr(0, size)).empty());
    }
}

TEST_CASE("a LightGBM file that has lost a tree is refused") {
    Document document;
    document.average = "tree_sizes=300 300\n";
    CHECK(reason(document.text()) ==
          "the file has 1 trees, 'tree_sizes' says 2; it is damaged or cut off");
    document.trees = 2;
    CHECK(reason(document.text()).empty());
}

TEST_CASE("a LightGBM file with the line ends of Windows is read") {
    std::string text;
    for (const char c : Document{}.text())
        text += c == '\n' ? std::string("\r\n") : std::string(1, c);
    CHECK(reason(text).empty());
}

TEST_CASE("categories that LightGBM translates first are refused, integer codes are not") {
    Document document;
    document.end += "\npandas_categorical:";
    for (const std::string codes : {"null", "[]", "[[0, 1, 2], [0, 1]]"}) {
        INFO(codes);
        CHECK(reason(document.text() + codes + "\n").empty());
    }
    for (const std::string others : {R"([["a", "b"]])", "[[1, 2]]", "[[0, 2]]", "[[0], [5]]"}) {
        INFO(others);
        CHECK(reason(document.text() + others + "\n").find("'pandas_categorical'") !=
              std::string::npos);
    }
}

TEST_CASE("LightGBM's first v2 files end their trees with a list of importances") {
    std::string text = with(&Document::end, "\nfeature importances:\na=1\n").text();
    CHECK(reason(text).find("'end of trees'") != std::string::npos);
    CHECK(reason(text.replace(text.find("v4"), 2, "v2")).empty());
}
