//! Scores a page: how much of it is about a topic, misspellings and inflections included.

const TOPIC: [&str; 8] = [
    "concurrently",
    "waiting",
    "cancelled",
    "deadline",
    "pending",
    "futures",
    "completed",
    "timers",
];

/// Words less alike than this are different words.
const ALIKE: f64 = 0.7;

/// Compares every word of the page with every word of the topic, which takes some time: it is the work that has to be done
/// with each page once it is there.
///
/// 100 is a page of nothing but the topic.
pub fn score(text: &str) -> f64 {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let relevance: f64 = words.iter().map(|word| relevance(word)).sum();
    100.0 * relevance / words.len().max(1) as f64
}

fn relevance(word: &str) -> f64 {
    let alike = TOPIC.map(|topic| strsim::normalized_damerau_levenshtein(word, topic));
    let best = alike.into_iter().fold(0.0, f64::max);
    if best < ALIKE { 0.0 } else { best }
}
