#include "appcore/importers/document.hpp"

#include <cmath>
#include <string>

#include "catch.hpp"

using namespace appcore::importers;

namespace {

appcore::Result<Value> read(std::string_view text) {
    return read_document(text, Encoding::json, Precision::float64,
                         [](Value&, std::size_t, std::span<const Value* const>) {
                             return appcore::Status(appcore::Done{});
                         });
}

}  // namespace

TEST_CASE("a list of numbers stays one, with null and NaN as missing numbers") {
    const auto document = read(R"({"a": [1, 2.5, null, NaN, -Infinity, true], "NaN": "NaN"})");
    REQUIRE(document);
    const Numbers* const numbers = document.value().find("a")->numbers();
    REQUIRE(numbers != nullptr);
    REQUIRE(numbers->size() == 6);
    CHECK((*numbers)[1] == 2.5);
    CHECK(std::isnan((*numbers)[2]));
    CHECK(std::isnan((*numbers)[3]));
    CHECK(std::isnan((*numbers)[4]));
    CHECK((*numbers)[5] == 1);
    CHECK(*document.value().find("NaN")->text() == "NaN");
}

TEST_CASE("a string with quotes and backslashes hides no number") {
    const auto document = read(R"({"a": "\"NaN\\", "b": [NaN]})");
    REQUIRE(document);
    CHECK(*document.value().find("a")->text() == "\"NaN\\");
    CHECK(document.value().find("b")->numbers()->size() == 1);
}

TEST_CASE("elements of trees are taken as they come, in their order") {
    std::vector<std::size_t> seen;
    const auto document = read_document(
        R"({"model": {"trees": [{"a": 1}, {"a": 2}], "b": 3}})", Encoding::json, Precision::float64,
        [&seen](Value& tree, std::size_t index, std::span<const Value* const> around) {
            seen.push_back(index);
            CHECK(*tree.find("a")->number() == static_cast<double>(index + 1));
            CHECK(around.size() == 2);
            return appcore::Status(appcore::Done{});
        });
    REQUIRE(document);
    CHECK(seen == std::vector<std::size_t>{0, 1});
}

TEST_CASE("a name that is there twice, and deep nesting, are refused by name") {
    CHECK(read(R"({"a": 1, "a": 2})").error().message.find("'a' is there twice") !=
          std::string::npos);
    CHECK(read(std::string(65, '[')).error().message.find("nested") != std::string::npos);
}
