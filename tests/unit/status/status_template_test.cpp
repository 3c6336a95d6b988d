#include "appcore/status/status_template.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"

using appcore::status::append_html;
using appcore::status::fill_template;
using Json = nlohmann::ordered_json;

TEST_CASE("a value stands in its element, escaped") {
    const Json data = {{"a", {{"b", "<script>alert('1' & \"2\")</script>"}}}};
    CHECK(fill_template(R"(<p class="x" data-value="/a/b" data-as="text"></p>!)", data) ==
          R"(<p class="x" data-value="/a/b" data-as="text">)"
          "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;</p>!");
}

TEST_CASE("states, marks and plots are attributes, escaped") {
    const Json data = {{"s", "a\"b"}, {"p", {1}}};
    CHECK(fill_template(R"(<i data-value="/s" data-as="state"></i>)", data) ==
          R"(<i data-value="/s" data-as="state" data-state="a&quot;b">a&quot;b</i>)");
    CHECK(fill_template(R"(<i data-value="/s" data-as="mark">kept</i>)", data) ==
          R"(<i data-value="/s" data-as="mark" data-state="a&quot;b">kept</i>)");
    CHECK(fill_template(R"(<path data-value="/p" data-as="line"></path>)", data) ==
          R"(<path data-value="/p" data-as="line" d="M59 1.00h0.5"></path>)");
}

TEST_CASE("rows follow their template, for objects, plain elements and members") {
    const std::string row = R"(<li data-value="/key" data-as="text"></li>)";
    const std::string markup = R"(<ul data-each="/x"><template>)" + row + "</template></ul>";
    const auto rows = [&](const Json& items) {
        const std::string filled = fill_template(markup, {{"x", items}});
        const std::string begin = R"(<ul data-each="/x"><template>)" + row + "</template>";
        REQUIRE(filled.starts_with(begin));
        REQUIRE(filled.ends_with("</ul>"));
        return filled.substr(begin.size(), filled.size() - begin.size() - 5);
    };
    const auto filled = [](const std::string& text) {
        return R"(<li data-value="/key" data-as="text">)" + text + "</li>";
    };
    CHECK(rows(Json::array()).empty());
    CHECK(rows(nullptr).empty());
    CHECK(rows({{{"key", "a"}}, {{"key", "b"}}}) == filled("a") + filled("b"));
    CHECK(rows({{"200", 7}, {"404", 1}}) == filled("200") + filled("404"));
    CHECK(rows(Json::array({"x", "y"})) == filled("0") + filled("1"));
}

TEST_CASE("what is not there is a dash") {
    CHECK(fill_template(R"(<p data-value="/a/b/0" data-as="ms"></p>)", Json::object()) ==
          R"(<p data-value="/a/b/0" data-as="ms">–</p>)");
    CHECK(fill_template(R"(<p data-value="/a/b/0" data-as="ms"></p>)", {{"a", {1, 2}}}) ==
          R"(<p data-value="/a/b/0" data-as="ms">–</p>)");
}
