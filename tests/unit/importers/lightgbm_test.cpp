#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "appcore/model_commands/commands.hpp"
#include "catch.hpp"

using appcore::model_commands::Arguments;
using appcore::model_commands::check;

namespace {

// Models that LightGBM 4.6 has trained, rows, and its predictions for them.
const std::filesystem::path fixtures = "tests/models/lightgbm";

using Kind = appcore::importers::OutputChoice::Kind;

appcore::Result<std::string> check_fixture(const std::string& name, Kind output,
                                           std::optional<std::uint32_t> index = {}) {
    Arguments arguments;
    arguments.files = {fixtures / (name + ".txt")};
    arguments.golden_rows = fixtures / (name + ".rows.csv");
    arguments.golden_predictions = fixtures / (name + ".predictions.csv");
    arguments.import.output = {output, index};
    return check(arguments);
}

void expect_same_bits(const std::string& name, Kind output,
                      std::optional<std::uint32_t> index = {}) {
    INFO(name);
    const auto checked = check_fixture(name, output, index);
    if (!checked) FAIL(checked.error().message);
    CHECK(checked.value().find("100 golden rows") != std::string::npos);
}

}  // namespace

TEST_CASE("predictions of LightGBM's models have its bits") {
    for (const char* const name : {"binary", "binary_sigmoid_categorical", "dart", "linear_trees",
                                   "poisson", "random_forest", "regression_zero_as_missing"}) {
        expect_same_bits(name, Kind::only);
        expect_same_bits(name, Kind::margin);
    }
}

TEST_CASE("each output of a LightGBM model of several classes has LightGBM's bits") {
    for (const std::uint32_t output : {0U, 1U, 2U}) {
        expect_same_bits("multiclass", Kind::probability, output);
        expect_same_bits("multiclass", Kind::margin, output);
    }
    expect_same_bits("multiclass", Kind::largest);
}

TEST_CASE("a golden prediction that differs in its last bit is refused") {
    const auto folder = std::filesystem::temp_directory_path() / "appcore-golden-test";
    std::filesystem::create_directories(folder);
    std::ifstream file(fixtures / "binary.predictions.csv");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::string first = text.substr(0, text.find(';'));
    REQUIRE(first == "0.9067429382834491");
    text[first.size() - 1] = '2';  // 0.9067429382834492 is the next double
    std::ofstream(folder / "predictions.csv") << text;
    Arguments arguments;
    arguments.files = {fixtures / "binary.txt"};
    arguments.golden_rows = fixtures / "binary.rows.csv";
    arguments.golden_predictions = folder / "predictions.csv";
    const auto checked = check(arguments);
    std::filesystem::remove_all(folder);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().message.find("golden row 1: the model predicts 0.9067429382834491") !=
          std::string::npos);
}

TEST_CASE("a model of several outputs is refused until one of them is chosen") {
    const auto checked = check_fixture("multiclass", Kind::only);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().message.find("--output class") != std::string::npos);
}
