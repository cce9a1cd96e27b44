// gen-srs, get-srs.
#include <fmt/format.h>

#include "mintmark/base/rng.hpp"
#include "mintmark/pcs/srs.hpp"
#include "zk_flags.hpp"

namespace mintmark::app {
namespace {

constexpr int kDefaultLogrows = 16;

/// What contracts/script/Deploy.s.sol takes as TAU_POWERS.
std::string tau_powers(const Srs& srs) {
    return to_hex(encode_tau_powers(srs));
}

Status gen_srs(const App& app, const ZkFlags& flags) {
    const int log = flags.logrows.value_or(kDefaultLogrows);
    if (log < 1 || log > 22) {
        return fail(ErrorCode::kOutOfRange, "--logrows must be 1 to 22");
    }
    if (std::filesystem::exists(flags.srs) && !app.is_yes) {
        return fail(ErrorCode::kAlreadyExists, fmt::format("{} exists", flags.srs),
                    "pass --yes to replace it; keys made with it will not work any more");
    }
    const Srs srs =
        generate_insecure_srs(srs_points_for_chunk(std::size_t{1} << log), system_rng());
    MINTMARK_CHECK(write_srs(flags.srs, srs));
    notice(app,
           "this SRS is INSECURE: this machine knew its secret. Use it for development only; "
           "for production import a ceremony's file with get-srs.");
    emit(app,
         {{"srs_path", flags.srs},
          {"insecure", true},
          {"digest", to_hex(srs.digest())},
          {"tau_powers", tau_powers(srs)}},
         fmt::format("wrote {} ({} points, insecure), digest {}", flags.srs, srs.g1.size(),
                     to_hex(srs.digest())));
    return {};
}

Status get_srs(const App& app, const ZkFlags& flags, const std::string& from) {
    if (from.empty()) {
        return fail(ErrorCode::kInvalidArgument, "say which file to import: --from FILE",
                    "a ceremony's .ptau (snarkjs, Perpetual Powers of Tau); for development: "
                    "mintmark zk gen-srs");
    }
    SrsReadOptions options;
    if (flags.logrows) {
        if (*flags.logrows < 1 || *flags.logrows > 26) {
            return fail(ErrorCode::kOutOfRange, "--logrows must be 1 to 26");
        }
        options.max_points = srs_points_for_chunk(std::size_t{1} << *flags.logrows);
    }
    MINTMARK_TRY(const Srs srs, read_srs(from, options));
    MINTMARK_CHECK(write_srs(flags.srs, srs));
    emit(app,
         {{"srs_path", flags.srs},
          {"points", srs.g1.size()},
          {"insecure", srs.insecure},
          {"digest", to_hex(srs.digest())},
          {"tau_powers", tau_powers(srs)}},
         fmt::format("checked and wrote {} ({} points), digest {}\ncompare the digest with the "
                     "ceremony's: a consistent file is not yet a trusted one",
                     flags.srs, srs.g1.size(), to_hex(srs.digest())));
    return {};
}

}  // namespace

void add_zk_srs_commands(CLI::App& zk, App& app) {
    const auto flags = std::make_shared<ZkFlags>();
    const auto from = std::make_shared<std::string>();
    CLI::App* sub = command(zk, app, "gen-srs", "make an insecure SRS for development",
                            [&app, flags] { return gen_srs(app, *flags); });
    sub->add_option("--srs-path,-O,--output", flags->srs, "where to write");
    sub->add_option("--logrows", flags->logrows, "chunks of up to 2^N coefficients [16]");

    sub = command(zk, app, "get-srs", "import a ceremony's SRS (.ptau) and check it",
                  [&app, flags, from] { return get_srs(app, *flags, *from); });
    sub->add_option("--srs-path,-O,--output", flags->srs, "where to write");
    sub->add_option("--from", *from, "file to import");
    sub->add_option("--logrows", flags->logrows, "keep only what chunks of 2^N need");
    sub->add_option("-S,--settings-path", flags->settings, "accepted for ezkl's sake, not needed");
}

}  // namespace mintmark::app
