#include "formats/pickle.h"

#include "pickles.h"

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

using namespace pickles;

PickledModel read(const std::string& value) { return unpickle_model(whole(value), 0, "file"); }

std::vector<std::string> names_of(const PickledModel& model) {
    std::vector<std::string> names;
    for (const auto& item : model.tensors) names.push_back(item.first);
    return names;
}

using Names = std::vector<std::string>;

void expect_refused(const std::string& pickle, const std::string& words) {
    try {
        unpickle_model(pickle, 0, "file");
        ADD_FAILURE() << "was read; expected: " << words;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::bad_model);
        EXPECT_EQ(error.subject(), "file");
        EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
}

TEST(PickleTest, TensorsAreViewsOfStorages) {
    const PickledModel model =
        read(dict({{"a.weight", tensor("7")}, {"b", tensor("8", "_rebuild_tensor")}}));
    ASSERT_EQ(names_of(model), (Names{"a.weight", "b"}));
    const PickledTensor& a = model.tensors.at("a.weight");
    EXPECT_EQ(a.storage_key, "7");
    EXPECT_EQ(a.storage_type, "FloatStorage");
    EXPECT_EQ(a.shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(a.strides, (std::vector<std::int64_t>{3, 1}));
    EXPECT_EQ(model.storage_types.size(), 2U);
}

TEST(PickleTest, ParametersAndTypesOfLaterVersions) {
    const std::string hooks = call(global("collections", "OrderedDict"), {});
    const auto utils = [](const char* name) { return global("torch._utils", name); };
    const std::string v3 =
        call(utils("_rebuild_tensor_v3"),
             {storage("1", "UntypedStorage"), number(0), tuple({number(2)}), tuple({number(1)}),
              "\x89", hooks, global("torch", "float8_e4m3fn"), dict({})});
    const std::string typed = call(
        global("torch._tensor", "_rebuild_from_type_v2"),
        {utils("_rebuild_tensor_v2"), global("torch.nn", "Special"),
         tuple({storage("2"), number(1), tuple({number(2)}), tuple({number(1)}), "\x89", hooks}),
         dict({})});
    const PickledModel model = read(dict(
        {{"a", call(utils("_rebuild_parameter"), {tensor(), "\x88", hooks})},
         {"b", call(utils("_rebuild_parameter_with_state"), {tensor(), "\x88", hooks, dict({})})},
         {"c", v3},
         {"d", typed}}));
    ASSERT_EQ(names_of(model), (Names{"a", "b", "c", "d"}));
    EXPECT_EQ(pickled_type(model.tensors.at("c").storage_type), TensorType::f8_e4m3);
    EXPECT_EQ(model.tensors.at("d").offset, 1);
}

TEST(PickleTest, OldProtocolsAndTheirOpcodes) {
    // Protocol 0: marks, lines and quotes.
    const std::string old = "(dp0\nS'a.weight'\np1\n" + global("torch._utils", "_rebuild_tensor") +
                            "((S'storage'\n" + global("torch", "HalfStorage") +
                            "S'5'\nS'cpu'\nI6\ntQL0L\n(I2\nL3L\nt(I3\nI1\nttRp2\n" +
                            "sg1\n0g2\n0S'rate'\nF0.5\nsVuni\n(lp3\nI1\nas.";
    const PickledModel model = unpickle_model(old, 0, "file");
    ASSERT_EQ(names_of(model), (Names{"a.weight"}));
    EXPECT_EQ(model.tensors.at("a.weight").storage_key, "5");
    EXPECT_EQ(model.tensors.at("a.weight").storage_type, "HalfStorage");
    EXPECT_EQ(model.tensors.at("a.weight").shape, (std::vector<std::int64_t>{2, 3}));
    // Protocol 4: frames, memoised texts, sets, bytes.
    const std::string words =
        "\x8c\x0b"
        "collections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94(";
    const std::string later = std::string("\x80\x04\x95\x08\0\0\0\0\0\0\0", 11) + words +
                              text("w.bias") + tensor() + text("s") + "\x8f(K\x01K\x02\x90" +
                              text("f") + "(K\x01\x91" + text("b") + "C\x02xy" + text("n") + "N" +
                              text("2") + "K\x05" + "2" + "0u.";
    EXPECT_EQ(names_of(unpickle_model(later, 0, "file")), (Names{"w.bias"}));
}

TEST(PickleTest, WhatTrainingsLeaveIsOpaque) {
    const std::string scalar =
        call(global("numpy.core.multiarray", "scalar"),
             {call(global("numpy", "dtype"), {text("f8")}), text("12345678")});
    const std::string arguments =
        object("argparse", "Namespace", {{"lr", scalar}, {"w", tensor()}});
    const std::string partial =
        call(call(global("functools", "partial"), {global("torch.optim", "Adam")}), {});
    const std::string inst = "(" + number(3) + "iold.style\nClass\n";
    const std::string obj = "(" + global("old.style", "Other") + number(3) + "o";
    const std::string extended = global("a", "b") + ")" + dict({}) + "\x92";
    const PickledModel model =
        read(dict({{"params", dict({{"x.weight", tensor()}, {"x._extra_state", partial}})},
                   {"params_ema", dict({{"y.weight", tensor()}})},
                   {"args", arguments},
                   {"inst", inst},
                   {"obj", obj},
                   {"extended", extended},
                   {"path", call(global("pathlib", "PosixPath"), {text("x")})},
                   {"optimizer", dict({{"state", dict({{"0", dict({{"exp", tensor()}})}})}})}}));
    EXPECT_EQ(names_of(model), (Names{"y.weight"}));
}

TEST(PickleTest, AWeightMadeByAnUnknownFunctionIsRefusedByItsName) {
    const std::string quantised = call(global("torch._utils", "_rebuild_qtensor"), {number(1)});
    expect_refused(whole(dict({{"a.weight", tensor()}, {"b.weight", quantised}})),
                   "makes \"b.weight\" by \"torch._utils _rebuild_qtensor\"");
    const std::string array = call(global("numpy.core.multiarray", "_reconstruct"), {number(1)});
    expect_refused(whole(dict({{"a.weight", array}})), "numpy.core.multiarray _reconstruct");
    // Elsewhere it does not matter.
    EXPECT_EQ(names_of(read(dict({{"params", dict({{"a.weight", tensor()}})},
                                  {"optimizer", dict({{"weight", quantised}})}}))),
              (Names{"a.weight"}));
}

TEST(PickleTest, WhatWouldDoHarmIsRefusedWhereverItStands) {
    const std::string command = call(global("posix", "system"), {text("true")});
    expect_refused(whole(command), "\"posix system\"");
    const auto beside = [](const std::string& value) {
        return whole(dict({{"params", dict({{"a.weight", tensor()}})}, {"x", value}}));
    };
    expect_refused(beside(command), "\"posix system\"");
    expect_refused(beside(call(global("builtins", "eval"), {text("1")})), "builtins eval");
    expect_refused(beside(call(global("__builtin__", "exec"), {text("1")})), "exec");
    expect_refused(beside("\x8c\x02os\x8c\x06system\x93" + tuple({text("true")}) + "R"),
                   "os system");
    expect_refused(beside(call(global("torch.hub", "os.system"), {text("1")})), "os.system");
    expect_refused(beside(global("logging", "config.os.system")), "os.system");
    EXPECT_EQ(names_of(unpickle_model(beside(global("a", "Outer.Inner")), 0, "file")),
              (Names{"a.weight"}));
    expect_refused(beside("(" + text("true") + "ios\nsystem\n"), "os system");
    expect_refused(beside("(" + global("subprocess", "Popen") + text("true") + "o"), "Popen");
    expect_refused(beside(global("runpy", "run_path")), "runpy");
    expect_refused(beside(object("os", "system", {})), "os system");
    expect_refused("\x80\x02\x82\x01.", "opcode");  // the copyreg table of extensions
}

TEST(PickleTest, AWholeModuleGivesItsWeights) {
    const auto module = [](const Pairs& parameters, const Pairs& buffers, const Pairs& modules) {
        return object("their.code", "Net",
                      {{"training", "\x89"},
                       {"_parameters", dict(parameters)},
                       {"_buffers", dict(buffers)},
                       {"_modules", dict(modules)}});
    };
    const std::string inner = module({{"weight", tensor()}, {"bias", "N"}}, {}, {});
    const std::string net =
        module({}, {{"mean", tensor()}}, {{"body", module({}, {}, {{"0", inner}})}});
    EXPECT_EQ(names_of(read(net)), (Names{"body.0.weight", "mean"}));
    EXPECT_EQ(names_of(read(dict({{"model", net}, {"epoch", number(3)}}))),
              (Names{"body.0.weight", "mean"}));
    expect_refused(whole(object("their.code", "Net", {{"x", tensor()}})),
                   "a whole Python object (\"their.code Net\"), not a state dict");
}

TEST(PickleTest, DamageIsALine) {
    expect_refused(whole(dict({})), "no tensors");
    expect_refused(whole(number(5)), "no dictionary");
    expect_refused("\x80\x02R", "empty stack");
    expect_refused("\x80\x02h\x07.", "remembered");
    expect_refused("\x80\x02t.", "mark");
    expect_refused("\x80\x02\xff.", "opcode 255");
    expect_refused("\x80\x02K\x05K\x05s.", "empty stack");
    expect_refused("", "truncated");
    expect_refused(std::string("\x80\x02X\xff\xff\xff\x7f", 7), "truncated");
    expect_refused("\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "truncated");
    expect_refused("\x80\x02\x8b\xff\xff\xff\xff.", "truncated");
    expect_refused(whole(call(number(1), {})), "no function");
    expect_refused(whole(call(global("torch._utils", "_rebuild_tensor_v2"), {number(1)})),
                   "wrong arguments");
    expect_refused(whole(tuple({text("storage"), text("x")}) + "Q"), "storage");
    expect_refused("\x80\x02" + global(std::string(600, 'a'), "b") + ".", "long name");
    const std::string negative =
        call(global("torch._utils", "_rebuild_tensor_v2"),
             {storage("0"), number(0), tuple({number(-2)}), tuple({number(1)})});
    expect_refused(whole(dict({{"a", negative}})), "no sizes");
}

TEST(PickleTest, NothingGrowsOrNestsWithoutEnd) {
    std::string deep = "\x80\x02)";
    for (int i = 0; i < 300'000; ++i) deep += "\x85";
    expect_refused(deep + ".", "no dictionary");
    expect_refused("\x80\x02" + std::string(2'000'000, ']') + ".", "too large");
    expect_refused("\x80\x02" + std::string(2'000'000, 'N') + ".", "too large");
    expect_refused("\x80\x02" + std::string(2'000'000, '(') + ".", "too large");
    // A list that holds itself, and lists that hold the one before twice: 2^60 entries.
    expect_refused(
        "\x80\x02]q\x01h\x01h\x01"
        "0a"
        "h\x01"
        "a.",
        "");
    std::string doubling = "\x80\x02]";
    for (int i = 0; i < 60; ++i)
        doubling +=
            "q\x01"
            "h\x01\x86";
    expect_refused(doubling + ".", "");
    // A dictionary in itself beside weights harms nobody.
    const std::string own = "}q\x02(" + text("self") + "h\x02" + text("a.weight") + tensor() + "u";
    EXPECT_EQ(names_of(read(own)), (Names{"a.weight"}));
    std::string nested = tensor();
    for (int i = 0; i < 100; ++i) nested = dict({{"x", nested}});
    expect_refused(whole(nested), "no tensors");
}

TEST(PickleTest, WorkIsBoundedToo) {
    std::string idle = "\x80\x02";
    for (int i = 0; i < 3'000'000; ++i) idle += "N0";
    expect_refused(idle + "N.", "too large");
    // The same pairs for dictionary after dictionary; the last is none, so that none is filled.
    std::string list = "](";
    for (int i = 0; i < 10'000; ++i) list += "NN\x86";
    list += "Ne\x85q\x01";
    for (int i = 0; i < 20'000; ++i) list += "0" + global("collections", "OrderedDict") + "h\x01R";
    expect_refused(whole(list), "too large");
    // Parts of modules in one another, each forty times.
    const std::string object = global("a", "B") + ")\x81q\x01}";
    std::string parts = object + text("_modules") + "}q\x02(";
    for (int i = 0; i < 40; ++i) parts += text(std::to_string(i)) + "h\x01";
    expect_refused(whole(parts + "usb"), "too large");
    std::string keys = "](";
    for (int i = 0; i < 100'001; ++i) keys += "K\x01";
    std::size_t position = 0;
    EXPECT_THROW(unpickle_texts(whole(keys + "e"), position, "file"), Error);
}

TEST(PickleTest, WhatHasALongerNameThanAnyWeightIsNone) {
    EXPECT_EQ(names_of(read(dict({{std::string(513, 'x'), tensor()}, {"a.weight", tensor()}}))),
              (Names{"a.weight"}));
    const auto module = [](const std::string& kind, const Pairs& parts) {
        return object("their.code", "Net", {{kind, dict(parts)}});
    };
    const std::string inner = module("_parameters", {{"weight", tensor()}});
    const std::string long_name(400, 'x');
    const std::string outer = module("_modules", {{long_name, inner}});
    EXPECT_EQ(names_of(read(outer)), (Names{long_name + ".weight"}));
    expect_refused(whole(module("_modules", {{long_name, outer}})), "whole Python object");
}

TEST(PickleTest, EveryTruncationAndManyFlipsAreTold) {
    const std::string good = whole(dict(
        {{"params", dict({{"a.weight", tensor()}})}, {"x", object("a", "B", {{"y", number(1)}})}}));
    for (std::size_t length = 0; length < good.size(); ++length) {
        EXPECT_THROW(unpickle_model(good.substr(0, length), 0, "file"), TruncatedPickle) << length;
    }
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = good;
            damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
            try {
                unpickle_model(damaged, 0, "file");
            } catch (const Error& error) {
                EXPECT_EQ(error.subject(), "file");
            }
        }
    }
}

}  // namespace
}  // namespace sisr::test
