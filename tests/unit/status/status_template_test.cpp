#include "appcore/status/status_template.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"

using appcore::status::fill_template;
using Json = nlohmann::ordered_json;

TEST_CASE("a value stands in text and attributes, escaped") {
    const Json data = {{"a", {{"b", "<script>alert('1' & \"2\")</script>"}}}};
    const std::string escaped =
        "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;";
    CHECK(fill_template(R"(<p class="{{/a/b text}}">{{/a/b text}}</p>!)", data) ==
          "<p class=\"" + escaped + "\">" + escaped + "</p>!");
    CHECK(fill_template("{{/n count}}", {{"n", 1234}}) == "1,234");
}

TEST_CASE("a row is repeated for objects, plain elements and members") {
    const auto rows = [](const Json& items) {
        return fill_template("<!-- each /x -->[{{/key text}}]<!-- end -->.", {{"x", items}});
    };
    CHECK(rows(Json::array()) == ".");
    CHECK(rows(nullptr) == ".");
    CHECK(rows({{{"key", "a"}}, {{"key", "b"}}}) == "[a][b].");
    CHECK(rows({{"200", 7}, {"404", 1}}) == "[200][404].");
    CHECK(rows(Json::array({"x", "y"})) == "[0][1].");
}

TEST_CASE("a part is there if its value is something") {
    const auto part = [](const Json& value) {
        return fill_template("<!-- if /x -->yes<!-- end -->", {{"x", value}}) == "yes";
    };
    CHECK(part(1));
    CHECK(part("no requests"));
    CHECK(part(true));
    CHECK(part({{"a", 1}}));
    CHECK_FALSE(part(nullptr));
    CHECK_FALSE(part(false));
    CHECK_FALSE(part(""));
    CHECK_FALSE(part(Json::array()));
    CHECK(fill_template("<!-- if /away -->yes<!-- end -->", Json::object()).empty());
}

TEST_CASE("blocks contain blocks, each with its own end") {
    const Json data = {
        {"rows", {{{"n", "a"}, {"in", {1, 2}}}, {{"n", "b"}, {"in", Json::array()}}}}};
    CHECK(fill_template("<!-- each /rows -->{{/n text}}<!-- if /in -->(<!-- each /in -->{{/value "
                        "text}}<!-- end -->)<!-- end -->;<!-- end -->!",
                        data) == "a(12);b;!");
}

TEST_CASE("what is not there is a dash, and other comments are left out") {
    CHECK(fill_template("<!-- what it is -->{{/a/b/0 ms}}", Json::object()) == "–");
    CHECK(fill_template("{{/a/b/0 ms}}", {{"a", {1, 2}}}) == "–");
}

TEST_CASE("markup that is cut ends, wherever") {
    const std::string whole =
        "<!-- each /x -->a{{/value text}}<!-- if /y -->b<!-- end --><!-- end -->c";
    const Json data = {{"x", {1}}, {"y", 1}};
    for (std::size_t length = 0; length < whole.size(); ++length) {
        CHECK(fill_template(whole.substr(0, length), data).size() <= whole.size());
    }
    CHECK(fill_template(whole, data) == "a1c");
    CHECK(fill_template("<!-- end -->a", data) == "a");
}
