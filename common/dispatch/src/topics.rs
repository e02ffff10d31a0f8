//! `nova help TOPIC`: pages that belong to no command.
//!
//! Their sources lie in `man/topics/NAME.txt` and are what is printed; the manual pages
//! `nova-NAME(7)` are made from the same files.

/// A topic: its name and its text, whose first line is `NAME - SUMMARY`.
struct Topic {
    name: &'static str,
    text: &'static str,
}

macro_rules! topics {
    ($($name:literal,)*) => {
        const TOPICS: &[Topic] = &[$(Topic {
            name: $name,
            text: include_str!(concat!("../../../man/topics/", $name, ".txt")),
        },)*];
    };
}

topics! {
    "aliases",
    "configuration",
    "environment",
    "exit-codes",
    "extensions",
    "formats",
    "selectors",
    "shell-completion",
    "units",
    "waiting",
}

/// The text of a topic; plural and singular are the same to people.
pub(crate) fn text(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let meant = match word.as_str() {
        "exit" | "exitcodes" | "codes" => "exit-codes",
        "config" | "settings" => "configuration",
        "output" | "output-formats" => "formats",
        "env" | "variables" => "environment",
        "plugins" | "manifest" | "hooks" => "extensions",
        "tab" | "shell" | "shells" => "shell-completion",
        "sizes" | "durations" | "quantities" => "units",
        other => other,
    };
    let fits = |topic: &&Topic| topic.name == meant || topic.name.strip_suffix('s') == Some(meant);
    TOPICS.iter().find(fits).map(|topic| topic.text)
}

/// Names and summaries of all topics.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    TOPICS.iter().map(|topic| (topic.name, summary(topic)))
}

/// Names and texts of all topics, for manual pages.
pub fn topics() -> impl Iterator<Item = (&'static str, &'static str)> {
    TOPICS.iter().map(|topic| (topic.name, topic.text))
}

fn summary(topic: &Topic) -> &'static str {
    let first = topic.text.lines().next().unwrap_or_default();
    first.split_once(" - ").map_or("", |(_, about)| about)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_fits_a_terminal_and_says_what_it_is() {
        for topic in TOPICS {
            let first = topic.text.lines().next().unwrap();
            assert!(first.starts_with(&format!("{} - ", topic.name)), "{first}");
            for line in topic.text.lines() {
                assert!(
                    line.chars().count() <= 80 && line == line.trim_end(),
                    "{}: {line}",
                    topic.name
                );
            }
            assert!(
                topic.text.ends_with('\n') && !topic.text.ends_with("\n\n"),
                "{}",
                topic.name
            );
        }
    }

    #[test]
    fn topics_answer_to_the_words_people_try() {
        for word in [
            "formats",
            "format",
            "output",
            "exit-codes",
            "Selector",
            "env",
        ] {
            assert!(text(word).is_some(), "{word}");
        }
        assert!(text("vm").is_none());
    }
}
