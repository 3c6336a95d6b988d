#include "appcore/json/document.hpp"

#include "catch.hpp"

using appcore::json::Document;

TEST_CASE("a container reaches to the node after all that it holds", "[json]") {
    Document document(R"([[1],{"a":2}])");
    const Document::Index outer = document.open(0);
    const Document::Index list = document.open(1);
    document.add_literal(2, 1);
    document.close(list);
    const Document::Index object = document.open(5);
    document.add_literal(6, 3);
    document.add_literal(10, 1);
    document.close(object);
    document.close(outer);
    CHECK(outer == Document::kRoot);
    CHECK(document.after(list) == object);
    CHECK(document.after(object) == document.after(outer));
    CHECK(document.literal(list + 1) == "1");
    CHECK(document.literal(object + 1) == "\"a\"");
}
