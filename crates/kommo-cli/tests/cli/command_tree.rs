//! Every command that the program has, read from the program itself, so that a new one cannot be
//! forgotten.

use crate::program::Room;

/// All commands with their words, groups too; the program itself has none.
pub(crate) fn all(room: &Room) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut next = 0;
    while let Some(command) = found.get(next).cloned() {
        for name in subcommands(room, &command) {
            let mut words = command.clone();
            words.push(name);
            found.push(words);
        }
        next += 1;
    }
    assert!(found.len() > 30, "{found:?}");
    found
}

/// Those that do something: no command stands below them.
pub(crate) fn leaves(room: &Room) -> Vec<Vec<String>> {
    let all = all(room);
    let is_group = |words: &Vec<String>| {
        all.iter()
            .any(|other| other.len() == words.len() + 1 && other.starts_with(words))
    };
    all.iter()
        .filter(|words| !is_group(words))
        .cloned()
        .collect()
}

/// The names under `Commands:` of its help.
fn subcommands(room: &Room, command: &[String]) -> Vec<String> {
    let ended = room.run(command.iter().map(String::as_str).chain(["-h"]));
    let help = ended.done();
    let Some((_, listed)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let lines = listed.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  "));
    names
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}
