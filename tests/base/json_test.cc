#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace softac {
namespace {

using Library = nlohmann::ordered_json;

std::string error_of(const std::string& text) {
  try {
    parse_json(text, 4);
  } catch (const JsonError& error) {
    return error.what();
  }
  return "";
}

TEST(Json, BuildsAsTheLibraryDoes) {
  const std::vector<double> numbers = {0.5, -1.0};
  const Json own = {{"a", 1},
                    {"b", {{"c", "text"}, {"d", nullptr}}},
                    {"list", {1, 2.5, "x"}},
                    {"numbers", numbers},
                    {"pair", {{"model", {{"bytes", 3u}}}}},
                    {"none", Json::array()},
                    {"empty", Json::object()},
                    {"flag", true}};
  const Library theirs = {{"a", 1},
                          {"b", {{"c", "text"}, {"d", nullptr}}},
                          {"list", {1, 2.5, "x"}},
                          {"numbers", numbers},
                          {"pair", {{"model", {{"bytes", 3u}}}}},
                          {"none", Library::array()},
                          {"empty", Library::object()},
                          {"flag", true}};
  EXPECT_EQ(own.dump(2), theirs.dump(2));
  EXPECT_EQ(own.dump(), theirs.dump());
}

TEST(Json, PrintsNumbersAsTheLibraryDoes) {
  for (const double value : {0.0, -0.0, 1.0, 0.1, 1e21, 1e-7, 123456789.125, 5e-324, 1.7976931348623157e308,
                             9007199254740993.0, 2.2250738585072014e-308, std::nan(""), HUGE_VAL, -1e22, 1.0 / 3.0})
    EXPECT_EQ(Json(value).dump(), Library(value).dump());
  EXPECT_EQ(Json(0.1f).dump(), Library(0.1f).dump());
  EXPECT_EQ(Json(std::numeric_limits<std::int64_t>::min()).dump(), "-9223372036854775808");
  EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).dump(), "18446744073709551615");
}

TEST(Json, PrintsTextsThatAreNotUtf8) {
  EXPECT_EQ(Json("a\"\\\n\x01π").dump(), "\"a\\\"\\\\\\n\\u0001π\"");
  EXPECT_EQ(Json("\xff").dump(), "\"\xEF\xBF\xBD\"");
}

TEST(Json, ReadsWhatItPrints) {
  const Json read = parse_json(R"({"b": [1, -2, 3.5, 1e3, true, null, "t"], "a": {"x": 18446744073709551615}})", 4);
  EXPECT_EQ(read.dump(), R"({"a":{"x":18446744073709551615},"b":[1,-2,3.5,1000.0,true,null,"t"]})");
  EXPECT_EQ(read["a"]["x"].get<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  const Json::Array& list = read["b"].list();
  EXPECT_TRUE(list[0].is_number_unsigned());
  EXPECT_FALSE(list[1].is_number_unsigned());
  EXPECT_FALSE(list[3].is_number_unsigned());
  EXPECT_EQ(list[1].get<int>(), -2);
  EXPECT_EQ(list[2].get<double>(), 3.5);
  EXPECT_TRUE(list[4].get<bool>());
  EXPECT_TRUE(list[5].is_null());
  EXPECT_EQ(list[6].get<std::string>(), "t");
  EXPECT_EQ(list.size(), 7u);
}

TEST(Json, RefusesWhatIsNotStrict) {
  EXPECT_EQ(error_of("[[[[1]]]]"), "");
  EXPECT_EQ(error_of("[[[[[1]]]]]"), "nested more than 4 levels deep");
  EXPECT_EQ(error_of(R"({"a": 1, "b": 2, "a": 3})"), "the key \"a\" appears twice");
  for (const std::string& text : {std::string(""), std::string("{"), std::string("[1] x"), std::string("nan"),
                                  std::string("{\"a\": 1}\0", 9), std::string("[1,]"), std::string("\"\xff\"")})
    EXPECT_EQ(error_of(text).substr(0, 10), "not JSON: ") << text;
}

TEST(Json, NamesWhatIsMissingOrOfAnotherKind) {
  const Json json = parse_json(R"({"a": "x"})", 4);
  EXPECT_THROW(json.at("b"), JsonError);
  EXPECT_THROW(json.at("a").get<int>(), JsonError);
  EXPECT_THROW(json.at("a").at("c"), JsonError);
  EXPECT_THROW(json.get<std::string>(), JsonError);
  EXPECT_THROW(json.begin(), JsonError);
  EXPECT_TRUE(json.contains("a"));
  EXPECT_FALSE(json.contains("b"));
}

TEST(Json, GrowsFromNull) {
  Json json;
  json["list"].push_back(1);
  json["list"].push_back({{"k", "v"}});
  const Json list = json["list"];
  json["first"] = list;
  json["list"] = nullptr;
  EXPECT_EQ(json.dump(), R"({"list":null,"first":[1,{"k":"v"}]})");
  EXPECT_EQ(json["first"].back()["k"].get<std::string>(), "v");
}

}  // namespace
}  // namespace softac
