// Models that LightGBM has trained, with its predictions; tests/models/README.md.

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "appcore/importers/compile.hpp"
#include "appcore/model_commands/arguments.hpp"
#include "appcore/model_commands/csv.hpp"
#include "appcore/models/limits.hpp"
#include "appcore/system/mapped_file.hpp"
#include "catch.hpp"

using namespace appcore;
using nlohmann::json;

namespace {

const std::filesystem::path kFolder = "tests/models";

// Compiles the model with the options of the case, and its rows and predictions as golden rows.
Status compile_case(const std::filesystem::path& model, const json& fixture) {
    std::vector<std::string> words = {model};
    for (const json& option : fixture["options"]) words.push_back(option);
    std::vector<const char*> arguments;
    for (const std::string& word : words) arguments.push_back(word.c_str());
    const auto parsed =
        model_commands::parse_arguments({"check", 1, "--output --trees --missing"}, arguments);
    if (!parsed) return parsed.error();
    importers::CompileOptions options;
    options.import = parsed.value().import;
    options.name = "fixture";
    options.golden = [&](const models::acm::Facts&,
                         std::span<const std::string> names) -> Result<importers::Golden> {
        const auto rows = model_commands::read_rows(model.parent_path() / "rows.csv", names);
        if (!rows) return rows.error();
        importers::Golden golden{rows.value().values, fixture["predictions"]};
        if (golden.predictions.size() != rows.value().count()) return Error{"number of rows"};
        return golden;
    };
    const auto file = system::MappedFile::open(model, models::kMaxSourceBytes);
    if (!file) return file.error();
    const auto compiled = importers::compile(file.value().bytes(), options);
    if (!compiled) return compiled.error();
    return Done{};
}

json read_cases(const std::filesystem::path& fixture) {
    std::ifstream file(fixture / "cases.json");
    return json::parse(file)["cases"];
}

}  // namespace

TEST_CASE("predictions of LightGBM's models have LightGBM's bits, for each output") {
    std::size_t compared = 0;
    for (const auto& fixture : std::filesystem::directory_iterator(kFolder)) {
        if (!fixture.path().filename().string().starts_with("lightgbm-")) continue;
        for (const json& one : read_cases(fixture)) {
            for (const std::string file : one["files"]) {
                INFO(fixture.path() << " " << one["options"]);
                const Status compiled = compile_case(fixture.path() / file, one);
                if (!compiled) FAIL(compiled.error().message);
                compared += one["predictions"].size();
            }
        }
    }
    CHECK(compared >= std::size_t{8} * 400);
}

TEST_CASE("a golden prediction that differs in its last bit is refused, and both are named") {
    json one = read_cases(kFolder / "lightgbm-binary")[0];
    REQUIRE(one["predictions"][2] == 0.9067429382834491);
    one["predictions"][2] = 0.9067429382834492;  // the next double
    const Status compiled = compile_case(kFolder / "lightgbm-binary" / "model.txt", one);
    REQUIRE_FALSE(compiled);
    CHECK(compiled.error().message ==
          "golden row 3: the model predicts 0.9067429382834491, expected was 0.9067429382834492");
}

TEST_CASE("a model of several outputs is refused until one of them is chosen") {
    json one = read_cases(kFolder / "lightgbm-multiclass")[0];
    one["options"] = json::array();
    const Status compiled = compile_case(kFolder / "lightgbm-multiclass" / "model.txt", one);
    REQUIRE_FALSE(compiled);
    CHECK(compiled.error().message.find("--output class") != std::string::npos);
}
