#include "appcore/model_commands/csv.hpp"

#include <cmath>
#include <string>

#include "catch.hpp"

using namespace appcore;
using model_commands::parse_predictions;
using model_commands::parse_rows;

namespace {

const std::vector<std::string> kNames = {"a", "b"};

std::vector<double> values(std::string_view text) {
    const auto rows = parse_rows(text, kNames);
    if (!rows) FAIL(rows.error().message);
    return rows.value().values;
}

std::string reason(std::string_view text) {
    const auto rows = parse_rows(text, kNames);
    return rows ? "" : rows.error().message;
}

}  // namespace

TEST_CASE("rows are numbers between commas, and an empty field is a missing value") {
    const std::vector<double> read = values("1,2.5\r\n\n-1e-3, +4 \n,nan\n");
    REQUIRE(read.size() == 6);
    CHECK(read[1] == 2.5);
    CHECK(read[2] == -1e-3);
    CHECK(read[3] == 4);
    CHECK(std::isnan(read[4]));
    CHECK(std::isnan(read[5]));
}

TEST_CASE("text becomes the double that Python makes of it") {
    CHECK(values("1e-400,-1e-400\n") == std::vector<double>{0.0, -0.0});
    CHECK(std::signbit(values("0,-1e-400\n").at(1)));
    CHECK(std::isinf(values("0,1e400\n").at(1)));
    CHECK(values("+.5,1_000\n") == std::vector<double>{0.5, 1000});
    CHECK(reason("1,2\n1,+-2\n") == "line 2: '+-2' is not a number");
    CHECK(reason("1,2\n1,0x2\n") == "line 2: '0x2' is not a number");
}

TEST_CASE("an empty line is a missing value of the only feature, and nothing of several") {
    const std::vector<std::string> only = {"a"};
    const auto rows = parse_rows("1\n\n2\n", only);
    REQUIRE(rows);
    CHECK(rows.value().count() == 3);
    CHECK(std::isnan(rows.value().values[1]));
    CHECK(values("1,2\n\n3,4\n").size() == 4);
}

TEST_CASE("a first line that holds no numbers, or the features' names, is a header") {
    CHECK(values("a,b\n1,2\n") == std::vector<double>{1, 2});
    CHECK(values("\"a\",\"b\"\n1,2\n") == std::vector<double>{1, 2});
    CHECK(values("x,\n1,2\n") == std::vector<double>{1, 2});
    CHECK(reason("1,2\na,b\n") == "line 2: 'a' is not a number");
}

TEST_CASE("the mark that spreadsheets begin a file with hides no row") {
    CHECK(values("\xEF\xBB\xBF"
                 "1,2\n3,4\n")
              .size() == 4);
    CHECK(values("\xEF\xBB\xBF"
                 "a,b\n3,4\n")
              .size() == 2);
}

TEST_CASE("a row of another width is refused with its line") {
    CHECK(reason("1,2\n1,2,3\n") == "line 2: there are 3 fields, the model has 2 features");
    CHECK(reason("1,2\n1\n") == "line 2: there are 1 fields, the model has 2 features");
}

TEST_CASE("of several predictions in a line the chosen output's is taken, or the largest's index") {
    models::acm::Facts facts{};
    facts.outputs = 3;
    facts.output = models::acm::Output::value;
    facts.output_index = 1;
    const std::string text = "0.25,0.5,0.25;-1,2,-1\n0.5,0.1,0.4;3,-2,0\n";
    CHECK(parse_predictions(text, facts).value() == std::vector<double>{0.5, 0.1});
    facts.output = models::acm::Output::margin;
    CHECK(parse_predictions(text, facts).value() == std::vector<double>{2, -2});
    facts.output = models::acm::Output::class_before_link;
    CHECK(parse_predictions(text, facts).value() == std::vector<double>{1, 0});
    // Equal probabilities say which class it is only where the class is chosen by them.
    const std::string equal = "0.4,0.4,0.2";
    CHECK(parse_predictions(equal + ";1,1.0000000000000002,0\n", facts).value() ==
          std::vector<double>{1});
    CHECK(parse_predictions(equal + "\n", facts).error().message ==
          "line 1: the largest predictions are equal; write the class in their place, or ';' and "
          "the margins behind them");
    facts.output = models::acm::Output::class_after_link;
    CHECK(parse_predictions(equal + ";1,1.0000000000000002,0\n", facts).value() ==
          std::vector<double>{0});
    CHECK(parse_predictions("1,2\n", facts).error().message ==
          "line 1: there are 2 predictions, the model has 3 outputs");
}
