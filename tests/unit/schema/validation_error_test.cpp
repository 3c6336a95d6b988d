#include "appcore/schema/validation_error.hpp"

#include <nlohmann/json.hpp>

#include "allocations.hpp"
#include "catch.hpp"

namespace schema = appcore::schema;

TEST_CASE("items have the keys of the old service in its order", "[schema]") {
    schema::ValidationErrors errors;
    CHECK(errors.empty());
    errors.begin(schema::error_type::kNotANumber, schema::error_location::feature(12)) += "null";
    errors.end();
    errors.begin(schema::error_type::kJsonInvalid, schema::error_location::position(3)) += "{}";
    errors.end(R"({"error":"x"})");
    CHECK_FALSE(errors.empty());
    CHECK(errors.finish() ==
          R"({"detail":[{"type":"float_type","loc":["body","features",12],)"
          R"("msg":"Input should be a valid number","input":null},)"
          R"({"type":"json_invalid","loc":["body",3],"msg":"JSON decode error","input":{},)"
          R"("ctx":{"error":"x"}}]})");
}

TEST_CASE("a reply that is full is still JSON", "[schema]") {
    schema::ValidationErrors errors;
    std::size_t items = 0;
    for (; !errors.full(); ++items) {
        errors.begin(schema::error_type::kNotAList, schema::error_location::kFeatures) +=
            '"' + std::string(1'000'000, 'x') + '"';
        errors.end();
    }
    const std::string reply = errors.finish().value_or("");
    CHECK(reply.size() < schema::ValidationErrors::kMaxList + 2'000'000);
    CHECK(nlohmann::json::parse(reply).at("detail").size() == items);
}

TEST_CASE("an input that is longer than a reply may be is given up", "[schema]") {
    constexpr std::size_t kMaxReply = schema::ValidationErrors::kMaxReply;
    // An array of many strings that are all the same part of the text.
    const std::string text = "[\"" + std::string(1U << 20U, 'x') + "\"]";
    appcore::json::Document document(text);
    const auto list = document.open(0);
    for (int i = 0; i < 200; ++i) document.add_literal(1, text.size() - 2);
    document.close(list);
    schema::ValidationErrors errors;
    const allocations::Counter counter;
    errors.add(schema::error_type::kNotAnObject, schema::error_location::kBody, document, list);
    CHECK_FALSE(errors.finish());
    CHECK(allocations::Counter::largest() < 3 * kMaxReply);
}
