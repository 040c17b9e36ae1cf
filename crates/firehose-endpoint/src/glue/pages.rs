//! Answers in pages: a token names the list and the last item of the page before.

use base64_simd::URL_SAFE_NO_PAD;
use serde::{Serialize, de::DeserializeOwned};

use super::error::invalid;
use crate::protocol::AwsError;

/// Items on a page when the request sets no limit; Glue's most as well.
const MOST: usize = 100;

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// What is listed; a token of another list is refused.
    pub(super) list: &'a str,
    pub(super) token: Option<&'a str>,
    pub(super) limit: Option<usize>,
}

/// The items of one page, and the token for the next, if there is one. `items` are in order of
/// `key`; an item that went since its page was read takes no others with it.
///
/// # Errors
///
/// `InvalidInputException` for a token that no page of this list gave.
pub(super) fn page<T, K: Ord + Serialize + DeserializeOwned>(
    items: impl Iterator<Item = T>,
    key: impl Fn(&T) -> K,
    wanted: Wanted<'_>,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let after: Option<K> = wanted.token.map(|token| decode(wanted.list, token)).transpose()?;
    let rest = items.skip_while(|item| after.as_ref().is_some_and(|after| key(item) <= *after));
    let limit = wanted.limit.unwrap_or(MOST).min(MOST);
    let mut page: Vec<T> = rest.take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let token = page.last().filter(|_| more).map(|last| encode(wanted.list, &key(last)));
    Ok((page, token))
}

fn encode<K: Serialize>(list: &str, key: &K) -> String {
    // Names and numbers always serialise.
    URL_SAFE_NO_PAD.encode_to_string(serde_json::to_vec(&(list, key)).unwrap_or_default())
}

fn decode<K: DeserializeOwned>(list: &str, token: &str) -> Result<K, AwsError> {
    let text = URL_SAFE_NO_PAD.decode_to_vec(token).ok();
    let parts: Option<(String, K)> = text.and_then(|text| serde_json::from_slice(&text).ok());
    match parts {
        Some((of, key)) if of == list => Ok(key),
        _ => Err(invalid("NextToken is not one that this list gave")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(token: Option<&str>, limit: usize) -> Wanted<'_> {
        Wanted { list: "numbers", token, limit: Some(limit) }
    }

    fn pages(limit: usize) -> Vec<Vec<u32>> {
        let (mut pages, mut token) = (Vec::new(), None);
        loop {
            let (items, next) = page(0..5, |n| *n, wanted(token.as_deref(), limit)).unwrap();
            pages.push(items);
            match next {
                Some(next) => token = Some(next),
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_hold_every_item_once() {
        assert_eq!(pages(2), [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(pages(5), [vec![0, 1, 2, 3, 4]]);
        assert_eq!(pages(1).len(), 5);
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended_though_its_item_is_gone() {
        let (_, token) = page(0..5, |n| *n, wanted(None, 2)).unwrap();
        let left = [0, 2, 3, 4].into_iter();
        let (rest, _) = page(left, |n| *n, wanted(token.as_deref(), 9)).unwrap();
        assert_eq!(rest, [2, 3, 4]);
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let (_, token) = page(0..5, |n| *n, wanted(None, 2)).unwrap();
        let of_another = Wanted { list: "others", token: token.as_deref(), limit: None };
        for refused in [wanted(Some("not base64!"), 1), wanted(Some("bm9uc2Vuc2U"), 1), of_another]
        {
            let error = page(0..5, |n: &u32| *n, refused).unwrap_err();
            assert_eq!(error.code, "InvalidInputException");
        }
    }
}
