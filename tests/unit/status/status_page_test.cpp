#include "appcore/status/status_page.hpp"

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "appcore/status/status_report.hpp"
#include "catch.hpp"
#include "fakes.hpp"

using namespace appcore;
using Json = nlohmann::ordered_json;

namespace {

Json report() {
    const fakes::Clock clock;
    metrics::Collector collector{"/nonexistent"};
    const metrics::History history{collector};
    metrics::PoolSnapshot pool;
    metrics::WorkerState worker;
    worker.name = "worker-01";
    pool.workers.push_back(worker);
    pool.problems = {"a slot <is> damaged"};
    pool.totals.cell(0, 0).replies = {1234567};
    const status::ServiceFacts facts{"scoring", "1.2.3", 2, std::chrono::seconds{30}};
    return status::status_report({pool, history, facts}, clock);
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the page has the numbers without its script") {
    const std::string page = status::status_page(report());
    CHECK(contains(page, ">The pool cannot predict</h1>"));
    CHECK(contains(page, ">a slot &lt;is&gt; damaged</li>"));
    CHECK(contains(page, ">worker-01</th>"));
    CHECK(contains(page, "data-state=\"dead\">dead</span>"));
    CHECK(contains(page, ">1,234,567</b> requests"));
    CHECK(contains(page, ">08:06:48 UTC</time>"));
    CHECK(contains(page, ">scoring</span>"));
}

// Values that only the script would write are easily forgotten.
TEST_CASE("no element of the page waits for the script") {
    const std::string page = std::regex_replace(status::status_page(report()),
                                                std::regex("<template>[^]*?</template>"), "");
    const std::regex empty("data-as=\"(?!mark|line|area)[a-z]+\"( data-state=\"[a-z]*\")?><");
    const std::regex without_attribute("data-as=\"(mark|line|area)\">");
    CHECK_FALSE(std::regex_search(page, empty));
    CHECK_FALSE(std::regex_search(page, without_attribute));
}

// A pointer into the report that is misspelt would be a dash for ever.
TEST_CASE("every value on the page is a member of the report") {
    const Json data = report();
    const std::string page = status::status_page(data);
    const std::regex value("data-(value|each)=\"([^\"]+)\"");
    std::set<std::string> pointers;
    for (std::sregex_iterator i(page.begin(), page.end(), value), end; i != end; ++i) {
        pointers.insert((*i)[2]);
    }
    CHECK(pointers.size() > 30);
    for (const std::string& text : pointers) {
        const Json::json_pointer pointer(text);
        const bool is_in_row =
            text == "/key" || text == "/value" || data["workers"][0].contains(pointer);
        INFO(text);
        CHECK((is_in_row || data.contains(pointer)));
    }
}

TEST_CASE("the page needs nothing from elsewhere, and allows nothing but its own parts") {
    const std::string page = status::status_page(report());
    CHECK_FALSE(contains(page, "http://"));
    CHECK_FALSE(contains(page, "https://"));
    CHECK_FALSE(contains(page, " src="));
    CHECK_FALSE(contains(page, " style="));
    CHECK_FALSE(contains(page, " onclick="));
    const std::string policy = status::status_page_policy();
    CHECK(policy.starts_with("default-src 'none'; "));
    CHECK_FALSE(contains(policy, "unsafe"));
    CHECK(std::regex_search(policy, std::regex("style-src 'sha256-[A-Za-z0-9+/]{43}='; ")));
    CHECK(std::regex_search(policy, std::regex("script-src 'sha256-[A-Za-z0-9+/]{43}='; ")));
}
