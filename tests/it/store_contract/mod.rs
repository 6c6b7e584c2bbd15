//! What every store must do. A backend joins with one line in the list of backends at the end; each case is then a
//! test of its own on it, over a store of its own.

mod apply;
mod claims;
mod codes;
mod deeds;
mod invitations;
mod letters;
mod polls;
mod quotes;
mod rounds;
mod search;
mod sessions;
mod turnout;
mod users;

use std::any::Any;
use std::time::Duration;

use hemicycle::domain::ballot::Sequence;
use hemicycle::domain::fold::{DeadLetter, Group, Placed, Plan};
use hemicycle::domain::ledger::Ledger;
use hemicycle::domain::log::{Bookmark, EntryId, LogEnd, Marker};
use hemicycle::domain::names::PollId;
use hemicycle::domain::poll::Poll;
use hemicycle::store::sqlite::Sqlite;
use hemicycle::store::{Claim, Store};
use tempfile::TempDir;

use crate::forge::{at, choice, poll_id, voter};
use crate::servers::Database;

/// Makes every case a test on every backend.
macro_rules! store_contract {
    (backends { $($backend:ident = $open:path;)+ } cases $cases:tt) => {
        $(mod $backend { store_contract!(@cases $open, $cases); })+
    };
    (@cases $open:path, { $($group:ident: $($case:ident)+;)+ }) => {
        $(mod $group {
            $(#[tokio::test]
            async fn $case() {
                let backend = $open().await;
                $crate::store_contract::$group::$case(&backend.store).await;
                let ledger = backend.store.ledger().await.unwrap();
                assert_eq!(ledger.difference(), 0, "{ledger:?}");
                assert_eq!(backend.store.verify().await.unwrap(), [], "tallies are not the fold of the ballots");
                $crate::store_contract::assert_every_voter_came_once(&backend.store).await;
                backend.store.close().await;
            })+
        })+
    };
}

/// A store, and what must live as long.
pub struct Backend {
    store: Store,
    _kept: Box<dyn Any + Send>,
}

async fn sqlite() -> Backend {
    let folder = TempDir::new().unwrap();
    let store = Store::Sqlite(Sqlite::open(&folder.path().join("store.sqlite")).await.unwrap());
    Backend { store, _kept: Box::new(folder) }
}

#[expect(clippy::unused_async, reason = "every backend is opened in the same way")]
async fn postgres() -> Backend {
    let database = Database::migrated();
    Backend { store: Store::Postgres(database.store()), _kept: Box::new(database) }
}

/// A group of ballots: voter, option and position, in the poll's round and in `epoch`, all accepted at `at(0)`.
pub fn group(poll: &Poll, epoch: u16, ballots: &[(u64, usize, u64)]) -> Group {
    let place = |(of, index, position): &(u64, usize, u64)| Placed {
        voter: voter(*of),
        choice: choice(*index),
        sequence: Sequence::new(epoch, *position),
    };
    let mut ballots: Vec<Placed> = ballots.iter().map(place).collect();
    ballots.sort_unstable_by_key(|ballot| ballot.voter);
    Group { poll: poll.id, round: poll.round, at: at(0), allow_change: poll.allow_change, ballots, superseded: 0 }
}

/// A plan that counts one group and leaves the bookmark after `entry`, at `position`.
pub fn plan(groups: Vec<Group>, entry: u64, position: u64) -> Plan {
    let read = groups.iter().map(|group| group.ballots.len() as u64 + group.superseded).sum();
    let bookmark = Bookmark { epoch: 0, entry: EntryId(entry), fingerprint: entry * 7, position };
    Plan { groups, read, bookmark, ..Plan::default() }
}

pub fn marker(poll: &Poll, generation: u32) -> Marker {
    Marker { poll: poll.id, generation, at: at(9000) }
}

fn dead_letter(ballots: u64) -> DeadLetter {
    DeadLetter {
        entry: EntryId(1),
        epoch: 0,
        first: 0,
        fingerprint: 0,
        whole: true,
        ballots,
        reason: "unreadable".into(),
        body: bytes::Bytes::from_static(b"?"),
    }
}

/// Claims a partition whose log has gone on. A claim that was dropped before may take a moment to be undone.
pub async fn claimed(store: &Store, partition: u16, partitions: u16) -> Claim {
    let Bookmark { entry, fingerprint, position, .. } = store.bookmark(partition).await.unwrap();
    let end = LogEnd { entry: EntryId(entry.0 + 1), fingerprint, position: position + 1 };
    let claim = async {
        loop {
            match store.claim(&[(partition, end)].into(), partitions).await.unwrap() {
                Some(claim) => return claim,
                None => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), claim).await.unwrap()
}

/// Applies and commits a plan on a store of one partition.
async fn apply(store: &Store, plan: &Plan) -> Vec<PollId> {
    let mut claim = claimed(store, 0, 1).await;
    let changed = claim.apply(plan, at(0)).await.unwrap();
    claim.commit().await.unwrap();
    let ledger = store.ledger().await.unwrap();
    assert_eq!(ledger.difference(), 0, "{ledger:?}");
    assert_eq!(store.verify().await.unwrap(), [], "tallies are not the fold of the ballots");
    changed
}

/// Holds the turnout of all polls against their tallies.
pub async fn assert_every_voter_came_once(store: &Store) {
    for poll in store.polls().await.unwrap() {
        let series = store.turnout(poll.id, poll.round, None, 100).await.unwrap();
        let came: u64 = series.points.iter().map(|point| point.voters).sum();
        let total = store.snapshot(poll.id, at(0)).await.unwrap().unwrap().total();
        assert_eq!(came, total, "{}: {series:?}", poll.slug);
    }
}

async fn votes(store: &Store, number: u64) -> Vec<u64> {
    store.snapshot(poll_id(number), at(0)).await.unwrap().unwrap().votes
}

/// Counted, superseded, discarded, dead, repeated.
async fn terms(store: &Store) -> [u64; 5] {
    let Ledger { counted, superseded, discarded, dead, repeated, .. } = store.ledger().await.unwrap();
    [counted, superseded, discarded, dead, repeated]
}

async fn shown(store: &Store, number: u64) -> u64 {
    store.poll(poll_id(number)).await.unwrap().unwrap().versions.shown
}

store_contract! {
    backends {
        on_sqlite = crate::store_contract::sqlite;
        on_postgres = crate::store_contract::postgres;
    }
    cases {
        polls:
            a_poll_is_found_by_id_slug_and_join_code_in_any_case
            a_slug_or_code_in_use_is_taken_as_either
            the_default_poll_is_listed_first_then_the_newest
            a_change_counts_up_and_one_made_on_old_knowledge_is_refused
            every_field_of_a_poll_survives
            a_deleted_poll_is_gone_and_only_the_newest_revision_deletes
            a_poll_is_unsettled_until_it_is_final
            results_are_hidden_while_an_opened_poll_says_so;
        apply:
            fresh_ballots_count_and_raise_the_version_once
            a_later_ballot_replaces_the_choice
            the_same_ballot_again_changes_nothing
            a_stale_ballot_is_superseded_and_does_not_move_the_choice
            without_change_the_first_choice_stands
            a_replay_in_a_new_epoch_is_repeated_not_counted_again
            another_ballot_at_a_replayed_position_replaces_it
            more_ballots_than_one_statement_takes_are_all_counted
            one_plan_counts_several_polls
            dead_letters_and_discarded_ballots_are_accounted_for;
        rounds:
            a_marker_of_each_partition_makes_a_poll_final
            a_marker_of_an_old_generation_closes_nothing
            a_marker_again_changes_nothing
            a_reset_empties_the_tallies_and_discards_what_was_counted
            ballots_of_discarded_rounds_are_swept_and_no_others
            a_deleted_poll_leaves_its_votes_discarded
            a_reopened_poll_goes_on_counting_in_its_round;
        turnout:
            voters_are_kept_by_the_step_of_their_first_ballot
            what_moves_no_total_adds_no_voter
            voters_who_come_to_one_step_in_many_batches_are_added_up
            turnout_is_of_one_poll_and_one_round
            turnout_is_not_kept_of_what_is_undone
            a_retried_letter_counts_when_it_was_accepted
            a_series_has_the_narrowest_steps_that_are_few_enough
            a_series_from_a_time_has_whole_steps
            turnout_of_discarded_rounds_is_swept_in_steps_and_no_other;
        claims:
            a_claim_that_is_dropped_leaves_nothing
            the_bookmark_moves_with_what_it_accounts_for
            a_new_epoch_moves_the_bookmark_and_nothing_else
            a_gap_is_a_difference_that_stays_visible
            contests_tell_what_the_fold_must_know
            refused_data_is_told_from_an_absent_store_and_leaves_nothing
            a_claim_that_was_undone_leaves_its_partition_to_the_next;
        letters:
            letters_are_listed_in_order_with_their_place_in_the_log
            a_dropped_letter_is_gone_and_its_ballots_stay_dead
            a_retried_letter_counts_as_if_it_had_been_read_in_its_turn
            a_letter_that_was_buried_twice_is_counted_once
            a_retried_letter_brings_its_markers_and_buries_what_has_no_place
            a_letter_that_is_still_unreadable_or_refused_stays;
        users:
            an_account_is_found_in_capitals_or_not_and_as_it_was_chosen
            an_id_in_use_is_taken_in_capitals_or_not
            accounts_are_listed_in_the_order_of_their_ids_by_page
            an_accounts_polls_are_counted_in_capitals_or_not
            a_change_leaves_what_it_does_not_name
            another_password_ends_all_sessions_but_the_kept_one
            a_deleted_account_takes_its_sessions_and_tokens_and_leaves_its_polls
            an_import_passes_over_ids_in_use_or_adds_nothing_at_all
            an_import_may_be_of_many
            accounts_are_loaded_once_whoever_races
            accounts_that_were_deleted_are_not_loaded_again
            accounts_are_not_loaded_where_there_are_some_nor_later;
        sessions:
            a_session_is_found_by_its_secret_until_its_end
            a_session_begins_only_with_the_password_that_is_the_accounts_then
            a_session_shows_what_its_account_is_now
            nobody_holds_what_is_of_no_account
            sessions_are_listed_by_holder_the_newest_first
            a_session_is_seen_later_and_never_earlier
            of_too_many_sessions_the_oldest_end
            sessions_that_are_over_are_swept_away
            sessions_of_the_admin_key_are_told_apart_by_its_mark
            a_holder_ends_their_own_sessions_and_no_others
            a_token_is_found_by_its_secret_until_its_end
            a_holder_lists_and_deletes_their_own_tokens_and_no_others
            a_holder_has_a_hundred_tokens_and_no_more;
        quotes:
            a_quote_is_kept_as_it_was_posted
            quotes_are_listed_by_age_and_by_upvotes_page_by_page
            a_voter_likes_a_quote_once_however_often_they_say_so
            a_hidden_quote_is_seen_by_those_who_ask_for_all_and_liked_by_nobody
            whoever_likes_changes_hides_and_deletes_at_once_waits_for_nobody_forever
            a_changed_quote_says_so_and_a_deleted_one_is_gone
            a_deleted_accounts_quotes_are_nobodys
            many_quotes_are_added_in_order_all_or_none
            quotes_are_loaded_once_whoever_races
            quotes_are_not_loaded_where_there_are_some;
        search:
            better_matches_come_first_then_the_better_liked_then_the_oldest
            case_accents_and_ligatures_do_not_count
            nothing_that_is_looked_for_has_a_meaning
            only_what_the_public_sees_is_found_and_as_it_is_now
            what_was_undone_is_not_found
            an_apostrophe_within_a_word_is_one_whichever_it_is
            pages_follow_each_other_by_their_places
            of_what_is_too_common_the_best_liked_are_ranked;
        invitations:
            invitations_are_found_and_listed_until_they_are_over
            an_invitation_makes_an_account_as_what_it_says
            an_invitation_is_used_once_however_many_race
            an_id_in_use_leaves_the_invitation
            an_invitation_that_is_over_or_taken_back_makes_nobody;
        codes:
            a_poll_has_no_more_codes_than_it_may_with_those_that_are_being_made
            codes_are_good_once_their_batch_is_complete_until_it_is_void
            codes_are_good_in_their_own_poll_only
            batches_that_begin_at_once_have_numbers_of_their_own
            a_batch_takes_codes_only_while_it_is_being_made
            a_code_that_is_there_keeps_the_others_out
            void_codes_are_swept_in_steps_and_no_others
            codes_of_deleted_polls_are_swept_and_no_others
            a_batch_that_was_given_up_is_swept_and_never_good
            many_may_sweep_at_once
            twenty_thousand_codes_are_asked_at_once;
        deeds:
            deeds_are_listed_newest_first_by_page
            what_is_done_to_polls_is_on_record_and_what_is_refused_is_not
            what_is_done_to_accounts_is_on_record_and_what_is_refused_is_not
            a_file_that_is_not_loaded_is_not_on_record
            what_is_done_to_sessions_and_tokens_is_on_record_and_what_is_refused_is_not
            what_is_done_to_invitations_is_on_record_and_what_is_refused_is_not
            a_batch_of_codes_is_on_record_once_it_is_complete_and_when_it_is_void;
    }
}
