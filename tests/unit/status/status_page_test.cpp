#include "appcore/status/status_page.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

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
    status::ServiceFacts facts{"scoring", "1.2.3", 2, std::chrono::seconds{30}};
    facts.model = models::FileFacts{};
    facts.model->version = "churn-1";
    return status::status_report({pool, history, facts}, clock);
}

std::string page_of(const Json& data) {
    return status::StatusPage().render(data);
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string source(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream("src/appcore/status/" + name).rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("the page has the numbers without its script") {
    const std::string page = page_of(report());
    CHECK(contains(page, ">The pool cannot predict</h1>"));
    CHECK(contains(page, "data-state=\"unhealthy\""));
    CHECK(contains(page, "<li>a slot &lt;is&gt; damaged</li>"));
    CHECK(contains(page, ">worker-01</th>"));
    CHECK(contains(page, "data-state=\"dead\">dead</span>"));
    CHECK(contains(page, "<dd>1,234,567</dd>"));
    CHECK(contains(page, ">08:06:48 UTC</time>"));
    CHECK(contains(page, "<b>scoring</b> 1.2.3"));
    CHECK(contains(page, "<dd>churn-1</dd>"));
    CHECK_FALSE(contains(page, "{{"));
    CHECK_FALSE(contains(page, "<!-- "));
}

TEST_CASE("what the pool does not have is not on the page") {
    Json data = report();
    data["service"].erase("model");
    data["pool"]["problems"] = Json::array();
    const std::string page = page_of(data);
    CHECK_FALSE(contains(page, "Golden rows"));
    CHECK_FALSE(contains(page, "<li>"));
}

// A pointer into the report that is misspelt would be a dash for ever.
TEST_CASE("every value on the page is a member of the report") {
    Json data = report();
    data["plots"] = {
        {{"title", 0}, {"label", 0}, {"empty", 0}, {"ticks", 0}, {"times", 0}, {"lines", 0}}};
    data["levels"] = {{"errors", 0}, {"waiting", 0}, {"workers", 0}};
    const std::set<std::string> in_rows = {"/key", "/value",  "/line",  "/text_y", "/name",
                                           "/x",   "/anchor", "/class", "/path"};
    const std::string page = source("page.html");
    const std::regex value(R"((\{\{|<!-- (?:each|if) )(/[^ ]+))");
    std::set<std::string> pointers;
    for (std::sregex_iterator i(page.begin(), page.end(), value), end; i != end; ++i)
        pointers.insert((*i)[2]);
    CHECK(pointers.size() > 60);
    for (const std::string& text : pointers) {
        const Json::json_pointer pointer(text);
        INFO(text);
        CHECK((in_rows.contains(text) || data.contains(pointer) ||
               data["workers"][0].contains(pointer) || data["plots"][0].contains(pointer)));
    }
}

TEST_CASE("the page needs nothing from elsewhere, and has its style and script in it") {
    const std::string page = page_of(report());
    CHECK(contains(page, "<style id=\"page-style\">" + source("page.css") + "</style>"));
    CHECK(contains(page, "<script id=\"page-script\">" + source("page.js") + "</script>"));
    CHECK_FALSE(contains(page, "http://"));
    CHECK_FALSE(contains(page, "https://"));
    CHECK_FALSE(contains(page, " src="));
    CHECK_FALSE(contains(page, " style="));
    CHECK_FALSE(contains(page, " onclick="));
}

TEST_CASE("the page's policy allows nothing but its own parts") {
    const status::StatusPage page;
    CHECK(page.policy().starts_with("default-src 'none'; "));
    CHECK_FALSE(contains(page.policy(), "unsafe"));
    CHECK(contains(page.policy(), "; frame-ancestors 'none'"));
    CHECK(std::regex_search(page.policy(), std::regex("style-src 'sha256-[A-Za-z0-9+/]{43}='; ")));
    CHECK(std::regex_search(page.policy(), std::regex("script-src 'sha256-[A-Za-z0-9+/]{43}='; ")));
}

TEST_CASE("numbers that are a problem are marked") {
    Json data = report();
    const auto level = [&data](std::string_view name) {
        const std::string page = page_of(data);
        const std::regex mark("data-level=\"([a-z]+)\">\\s*<dt>" + std::string(name));
        std::smatch found;
        return std::regex_search(page, found, mark) ? found[1].str() : "none";
    };
    CHECK(level("Workers busy") == "warn");  // 0 of 2
    CHECK(level("Server errors") == "good");
    CHECK(level("Waiting now") == "good");
    data["last_minutes"]["1"]["error_ratio"] = 0.001;
    data["pool"]["callers_wait"] = true;
    data["pool"]["workers_alive"] = 2;
    CHECK(level("Workers busy") == "good");
    CHECK(level("Server errors") == "warn");
    CHECK(level("Waiting now") == "warn");
    data["last_minutes"]["1"]["error_ratio"] = 0.02;
    CHECK(level("Server errors") == "bad");
}
