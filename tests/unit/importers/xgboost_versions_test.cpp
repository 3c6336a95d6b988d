// What versions of XGBoost write, and read, in different ways.

#include "xgboost_document.hpp"

using namespace xgboost_document;

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

TEST_CASE("the best iteration has all of its trees, counted as each version of XGBoost does") {
    Document document;
    document.attributes = R"({"best_iteration":"1"})";
    document.trees = 6;
    document.tree_info = "[0,0,0,0,0,0]";
    importers::ImportOptions import;
    import.trees = importers::TreeChoice::best;
    document.parallel = "2";  // a random forest each round
    CHECK(predict(document, 1, import) == 4.5);
    document.parallel = "1";
    document.model_extra = R"("iteration_indptr":[0,2,5,6],)";  // since 2.0
    CHECK(predict(document, 1, import) == 5.5);
}

TEST_CASE("null is a missing value for an XGBoost model that was compiled so") {
    const auto flag = [](bool null) {
        importers::ImportOptions import;
        import.null_is_missing = null;
        const auto file = compile_text(Document{}.text(), import);
        REQUIRE(file);
        return models::read_model(file.value().bytes()).value().has(models::acm::kNullIsMissing);
    };
    CHECK(flag(true));
    CHECK_FALSE(flag(false));
}

TEST_CASE("a model of one output has no class and no probability to choose") {
    for (const auto kind :
         {importers::OutputChoice::Kind::largest, importers::OutputChoice::Kind::probability}) {
        importers::ImportOptions import;
        import.output = {kind, 0};
        const auto file =
            compile_text(with(&Document::objective, "binary:logistic").text(), import);
        REQUIRE_FALSE(file);
        CHECK(file.error().message ==
              "the model has one output: leave out --output, or say --output margin");
    }
}

TEST_CASE("a version that nobody has chosen is the source's name and changes with its bytes") {
    const auto view = [](const Document& document, const std::string& name) {
        importers::CompileOptions options;
        options.name = name;
        const std::string text = document.text();
        const auto file = importers::compile(std::as_bytes(std::span(text)), options);
        if (!file) FAIL(file.error().message);
        const auto read = models::read_model(file.value().bytes());
        return std::string(read.value().text(models::acm::Text::version));
    };
    const std::string version = view({}, "churn (2)");
    CHECK(version.starts_with("churn__2_-"));
    CHECK(version == view({}, "churn (2)"));
    CHECK(version != view(with(&Document::base_score, "0E0"), "churn (2)"));
}

TEST_CASE("XGBoost's sigmoid of a far margin is the smallest that it knows, not 0") {
    Document document = with(&Document::objective, "binary:logistic");
    document.conditions = "[5E-1,-2E2,1E0]";
    CHECK(predict(document, 0) == as_float(1.0F / (expf(88.7F) + 1.0F + 1e-16F)));
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

TEST_CASE("what newer versions add and changes a result is refused by name") {
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

TEST_CASE("an unbiased ranking and expectiles are read, of XGBoost 2.0 and 3.3") {
    Document document = with(&Document::objective, "rank:ndcg");
    document.objective_extra =
        R"("lambdarank_param":{"lambdarank_unbiased":"1"},"ti+":[1,0.5],"tj-":[1,0.25],)";
    CHECK(predict(document, 1) == 1.5);
    document.objective = "reg:expectileerror";
    document.objective_extra = R"("expectile_loss_param":{"expectile_alpha":"[0.3]"},)";
    CHECK(predict(document, 1) == 1.5);
    document.targets = "2";  // an expectile each
    says(document, "'num_target' must be 0 or 1, got '2'");
}

TEST_CASE("a base score at the end of the link's domain is moved inside since XGBoost 3.2") {
    const auto of = [](const std::string& version, const std::string& base) {
        Document document = with(&Document::objective, "binary:logistic");
        document.version = version;
        document.base_score = base;
        importers::ImportOptions margin;
        margin.output.kind = importers::OutputChoice::Kind::margin;
        return predict(document, 1, margin);
    };
    const float low = 1e-6F;
    const float high = 1.0F - low;
    const double lowest = as_float(-logf(1.0F / low - 1.0F) + 1.0F);
    for (const std::string base : {"0E0", "[1E-8]", "1E-6"}) CHECK(of("[3,2,0]", base) == lowest);
    CHECK(of("[3,10,0]", "1E0") == as_float(-logf(1.0F / high - 1.0F) + 1.0F));
    CHECK(of("[3,1,3]", "1E-8") == as_float(-logf(1.0F / 1e-8F - 1.0F) + 1.0F));
    Document outside = with(&Document::objective, "reg:logistic");
    outside.base_score = "0E0";
    says(outside, "must be above 0 and below 1");
    outside.version = "[3,2,0]";
    outside.base_score = "-1E-3";
    says(outside, "must be from 0 to 1");
}

TEST_CASE("gblinear adds the first base score to each output, as XGBoost does") {
    Document document = with(&Document::objective, "multi:softprob");
    document.classes = "2";
    document.base_score = "[1E0,5E-1]";
    document.booster = R"("model":{"weights":[2,4,3,3,0.25,0.5]},"name":"gblinear")";
    const auto margin = [&](std::uint32_t index) {
        importers::ImportOptions import;
        import.output = {importers::OutputChoice::Kind::margin, index};
        return predict(document, 1, import);
    };
    CHECK(margin(0) == 2 + 0.25 + 1);
    CHECK(margin(1) == 4 + 0.5 + 1);
}

TEST_CASE("what a library of XGBoost would read in another way is refused by name") {
    const auto iterations = [](const std::string& ends) {
        Document document;
        document.trees = 2;
        document.tree_info = "[0,0]";
        document.model_extra = R"("iteration_indptr":)" + ends + ",";
        return document;
    };
    CHECK(reason(iterations("[0,1,2]")).empty());
    CHECK(reason(iterations("[0,2]")).empty());
    const std::string expected =
        "'iteration_indptr' must be a list that ascends from 0 to 2, the number of trees";
    for (const std::string ends : {"[0,1]", "[1,2]", "[0,2,1,2]", "[]", "[2]"}) {
        says(iterations(ends), expected);
    }
    Document twice = with(&Document::model_extra, R"("weight_drop":[0.5],)");
    twice.booster_extra = R"("weight_drop":[0.5],)";
    says(twice, "'weight_drop' is there twice");
    Document moved;
    moved.first_id = 1;
    says(moved, "tree 0: 'id' must be 0, the tree's place, got 1");
    says(with(&Document::extra, R"("split_type":[1,0,0],"categories":[1,3],)"
                                R"("categories_nodes":[1,0],"categories_segments":[0,1],)"
                                R"("categories_sizes":[1,1],)"),
         "'categories_nodes' must name nodes of the tree in ascending order, got 0");
}
