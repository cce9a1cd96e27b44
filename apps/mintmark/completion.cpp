// Shell completion, made from the commands themselves.
#include <fmt/format.h>

#include <memory>

#include "app.hpp"

namespace mintmark::app {
namespace {

/// Every command path ("zk prove") with the words that may follow it.
void collect(const CLI::App& node, const std::string& path,
             std::vector<std::pair<std::string, std::string>>& out) {
    std::string words;
    for (const CLI::App* sub : node.get_subcommands([](const CLI::App*) { return true; })) {
        words += sub->get_name() + " ";
    }
    for (const CLI::Option* option : node.get_options()) {
        for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
    }
    out.emplace_back(path, words);
    for (const CLI::App* sub : node.get_subcommands([](const CLI::App*) { return true; })) {
        collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), out);
    }
}

std::string bash_script(const std::vector<std::pair<std::string, std::string>>& commands) {
    std::string cases;
    for (const auto& [path, words] : commands) {
        cases += fmt::format("        \"{}\") words=\"{}\" ;;\n", path, words);
    }
    return "_mintmark() {\n"
           "    local current=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" word words=\"\"\n"
           "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "        case \"$word\" in -*) ;; *) path=\"${path:+$path }$word\" ;; esac\n"
           "    done\n"
           "    case \"$path\" in\n" +
           cases +
           "    esac\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
           "    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
           "}\ncomplete -o filenames -F _mintmark mintmark\n";
}

std::string fish_script(const std::vector<std::pair<std::string, std::string>>& commands) {
    std::string out = "complete -c mintmark -e\n";
    for (const auto& [path, words] : commands) {
        const std::string condition =
            path.empty() ? "__fish_use_subcommand"
                         : fmt::format("string match -q -- '*{}*' (commandline -cp)", path);
        out += fmt::format("complete -c mintmark -n \"{}\" -a \"{}\"\n", condition, words);
    }
    return out;
}

}  // namespace

void add_completion_command(CLI::App& root, App& app) {
    const auto shell = std::make_shared<std::string>("bash");
    CLI::App* sub =
        command(root, app, "completion", "print a completion script", [&root, shell]() -> Status {
            std::vector<std::pair<std::string, std::string>> commands;
            collect(root, "", commands);
            std::string text = *shell == "fish" ? fish_script(commands) : bash_script(commands);
            if (*shell == "zsh") {
                text = "autoload -U +X bashcompinit && bashcompinit\n" + text;
            }
            fmt::print("{}", text);
            return {};
        });
    sub->add_option("shell", *shell, "bash, zsh or fish")
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace mintmark::app
