#include "appcore/api/docs.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "catch.hpp"

TEST_CASE("the document equals the recorded one") {
    std::ifstream file("tests/contract/openapi.json");
    REQUIRE(file);
    CHECK(nlohmann::json::parse(appcore::api::openapi_document()) == nlohmann::json::parse(file));
}
