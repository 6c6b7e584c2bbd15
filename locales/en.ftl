# Everything that the pages say in English. A message that takes a value names it with $.

## Every page

skip = Skip to the content
nav = Main
nav-join = Join a poll
nav-studio = Studio
languages = Language
unknown = unknown
back = Back
cancel = Cancel
save = Save
apply = Apply
print = Print
copy = Copy
copied = Copied
# What is counted, after its number.
votes = { $count ->
    [one] vote
   *[other] votes
}
time = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }, { $clock } UTC

## The state of a poll

state-draft = Draft
state-waiting = Not open yet
state-open = Open
state-closed = Counting
state-final = Final
generation = opening { $number }
opens-at = It opens on
closes-at = Closes on
closed-at = It closed on
time-left = Time left

## Front page and joining

home-title = Vote now
home-open = Open polls
home-none = No poll is open just now.
home-closed = Results
home-organise = Ask your own question
home-organise-how = Make a poll in the studio, put its code on the wall, and watch the votes come in. You need the admin key.
results = Results
results-of = Results: { $title }
join-title = Join a poll
join-label = Code of the poll
join-go = Join
join-hint = The code has six letters and digits. It is on the screen in front, or on the sheet you were given. Capitals do not matter.
join-unknown = There is no poll with the code “{ $code }”. Check it and try again.

## Voting

vote-not-open = This poll is not open yet. This page shows it by itself when it is.
vote-closed = This poll is closed.
vote-yours = You voted for “{ $choice }”.
vote-accepted = Your vote for “{ $choice }” is in.
vote-counted = Your vote for “{ $choice }” is counted.
vote-may-change = You can change it until the poll closes.
vote-once = You vote once here: your choice cannot be changed afterwards.
vote-code = Your voting code
vote-code-form = Twelve letters and digits
vote-code-hint = It is on the slip you were given: twelve letters and digits. Capitals, spaces and dashes do not matter.
vote-code-wrong = There is no such voting code in this poll. Check it and type it again.
vote-code-once = A code counts once: yours is used now.
vote-code-used = This code has been used: a vote was cast with it. Which one is not shown here, so that it stays secret.
vote-sending = Sending your vote…
vote-offline = You are offline. Your vote for “{ $choice }” is saved on this device and will be sent when the connection is back. Keep this page open.
vote-busy = The server is busy. Your vote for “{ $choice }” is sent again in a moment, by itself.
vote-too-late = This poll is closed: your vote for “{ $choice }” came too late.
vote-failed = Your vote was not accepted. Reload this page and try again.

## Results

full-screen = Full screen
hidden-until-close = The result is shown once the poll has closed.
hidden-by-organiser = The organiser has hidden the result for now.
seats-legend = One dot for each percent of the votes that the answer ahead has
share-go = Go to
share-code = Code
share-here = or vote on this device
share-scan = Scan this to vote
qr-alt = QR code of the voting page
download-picture = Picture (SVG)
reconnecting = reconnecting…
poll-gone = This poll was deleted.
votes-over-time = Votes over time
announce-leads = { $label } leads with { $percent } of { $total }.
announce-tied = Nobody leads. { $total } so far.
announce-final-tied = Final result: nobody leads. { $total }.
announce-final = Final result: { $label } with { $percent } of { $total }.

## Signing in

sign-in = Sign in
sign-out = Sign out
field-id = Id
field-password = Password
with-key = Sign in with the admin key
token-made = Your new token
token-once = Copy it now: it is shown this once.
to-account = To my account
invitation-made = The invitation is ready
invitation-once = Copy the link now and send it to one person: it is shown this once.
invitation-link = Link
to-users = To the accounts
sign-in-title = Sign in to the studio
sign-in-wrong = That is not right. Look at it again.
admin-key = Admin key
admin-key-where = The admin key is the one the server was started with (ADMIN_KEY). Where none was given, it made one: it was shown at the first start, and is kept in keys.json in the data directory.

## Studio

studio = Studio
studio-new = New poll
studio-edit = Edit
studio-do = What next?
studio-empty = Your first poll
studio-empty-1 = Make a poll: a question and at least two answers.
studio-empty-2 = Share its code, its link or its QR code.
studio-empty-3 = Put the result page on the wall, and close the poll when you like.
health-waiting = Waiting to be counted
health-dead = Could not be counted
health-counted = Counted in all
field-title = Question
field-options = Answers
field-options-hint = One per line, 2 to 50.
field-results = Results are shown
field-allow-change = Voters may change their vote
field-slug = Name in the address
field-slug-hint = Lowercase letters, digits and dashes. Left empty, it is made from the question.
field-times = Open and close automatically
field-opens-at = Opens at
field-closes-at = Closes at
field-times-utc = Times are in UTC.
field-times-local = Times are those of this device ({ $zone }).
field-open = Open at once
make-poll = Make the poll
edit-locked = This poll has votes: its question and answers can no longer change. Duplicate it, or reset it.
visibility-live = live, while votes come in
visibility-after-close = once the poll has closed
visibility-hidden = not at all
visibility-is-live = Results are live
visibility-is-after-close = Results are shown after closing
visibility-is-hidden = Results are hidden
no-change = no change of vote
still-counting = The last votes are being counted.
close-now = Close now
close-in = Seconds until closing
close-in-do = Start the countdown
open-poll = Open
open-again = Open again
duplicate = Duplicate
reset = Reset
reset-title = Forget all votes?
reset-warning = { $count ->
    [0] There are no votes to forget. Voters start anew.
    [one] One vote will be forgotten, for good. Do this after a rehearsal.
   *[other] { $count } votes will be forgotten, for good. Do this after a rehearsal.
}
reset-do = Forget all votes
delete = Delete
delete-title = Delete this poll?
delete-warning = { $count ->
    [0] It will be gone for good, with its code and its address.
    [one] It will be gone for good, with its code, its address and its one vote.
   *[other] It will be gone for good, with its code, its address and its { $count } votes.
}
delete-do = Delete the poll
share = Share
share-link = Link
voting-page = Voting page
results-page = Result page
print-sheet = Sheet to print
qr-file = QR code (SVG)
codes-sheet = Voting codes
codes-sheet-once = Print or save this page now: the codes are shown this once, and cannot be had again. Each card is one vote.
codes-scan = Scan this to vote, or type the code at
codes-secret = One vote. Whoever has this code can cast it: keep it to yourself.
who-votes = Who votes
one-vote-per-browser = One vote per browser.
browser-polls = Reloading, coming back or sending twice never counts twice. But a browser is not a person: anyone with a second device, a private window or a program can vote again. A sudden rise in new voters when nobody was asked to vote is a sign of that. Use this for a show of hands, not for a binding vote.
new-voters = New voters by minute
minute = Minute
no-new-voters = New voters of the last hour are shown here, minute by minute.

## Errors: what is wrong, and what to do

error-status = Error { $status }
to-home = To the front page
error-bad-request = This cannot be understood
error-title = The question must have 1 to 200 characters
    .advice = Go back: what you typed is still there.
error-option-count = A poll has 2 to 50 answers
    .advice = Go back and write them one a line: what you typed is still there.
error-option-count-fixed = The number of answers can no longer change
    .advice = Once a poll is open, its answers can be corrected, not added or removed. Duplicate the poll instead.
error-label = Each answer must have 1 to 100 characters
    .advice = Go back: what you typed is still there.
error-duplicate-label = The same answer appears twice
    .advice = Go back and change one of them: what you typed is still there.
error-slug = The name in the address has 1 to 64 small letters, digits and dashes
    .advice = Go back and choose another: what you typed is still there.
error-slug-reserved = This name in the address is reserved
    .advice = Go back and choose another: what you typed is still there.
error-opens-at-of-open-poll = A poll that opens at once cannot open at a time as well
    .advice = Go back, and take away the time or the tick.
error-time-passed = That time has passed
    .advice = Go back and choose a later one: what you typed is still there.
error-codes-that-change = A voting code is used once, so its vote cannot change
error-closes-before-opening = A poll closes after it opens
    .advice = Go back and look at both times: what you typed is still there.
error-no-choice = Choose one of the answers
error-unauthorized = This is for organisers
    .advice = Sign in with the admin key. If you were signed in, your session is over.
error-sign-in-to-vote = In this poll accounts vote
    .advice = Sign in, and come back.
error-wrong-password = The id or the password is wrong
error-password-short = This password is too short
    .advice = Go back and choose one of at least 8 characters: a few words are easy to remember and hard to guess.
error-password-long = This password is too long
    .advice = Go back and choose one of at most 200 characters.
error-user-id = An id has letters, digits and . _ @ + -
    .advice = Go back and choose another: at most 64 characters, a letter or digit first.
error-user-reserved = This id is reserved
    .advice = Go back and choose another.
error-user-name = A name has 1 to 100 characters
    .advice = Go back and look at it again.
error-sign-up-closed = Signing up takes an invitation here
    .advice = Ask an administrator for one. If you had one, it was used, taken back or is too old.
error-too-many-tokens = This account has too many tokens
    .advice = Delete one you no longer need first.
error-forbidden-admin = This is for administrators
error-forbidden-organiser = This is for organisers
    .advice = Your account may vote. To run polls, ask an administrator to make you an organiser.
error-forbidden = You may not do that
error-not-yours = This poll is another organiser’s
error-no-account = There is no such account
error-cross-origin = This came from another site
    .advice = Open the page itself and try again.
error-no-poll = There is no such poll
    .advice = Look at the address or the code again. The organiser may have deleted the poll.
error-no-address = There is nothing at this address
    .advice = Look at the address again, or start from the front page.
error-method = This address does not take that
error-body-too-slow = The request did not arrive in time
    .advice = Your connection may be slow just now. Go back and try again.
error-body-too-large = That is too long
    .advice = Go back and shorten it.
error-media-type = This cannot be understood
error-already-open = This poll is open already
error-already-closed = This poll is closed already
error-not-open-yet = This poll is not open
error-still-counting = The last votes are being counted
    .advice = Go back and try again in a moment.
error-delete-open = This poll is open
    .advice = Close it before you delete it.
error-has-ballots = This poll has votes: its question and answers can no longer change
    .advice = Reset it after a rehearsal, or duplicate it.
error-outdated = Somebody else changed this poll in the meantime
    .advice = Open the form again, and look at what has changed.
error-user-taken = This id is taken; choose another
error-name-taken = Another poll has this name in the address
    .advice = Go back and choose another: what you typed is still there.
error-closed = This poll is closed
error-not-open = This poll is not open yet
error-already-voted = You have voted already
    .advice = In this poll a choice is final.
error-code-missing = This poll takes a voting code
    .advice = Open the link on your slip, or go back and type its code.
error-code-unknown = There is no such voting code in this poll
    .advice = Go back, check it and type it again. If it is right, ask the organiser for another one.
error-code-used = This voting code has been used
    .advice = A code counts once: this vote was not taken. If it was not you who used it, tell the organiser.
error-not-by-code = This poll does not vote by code
    .advice = Who has one vote is settled when a poll is made. Make another poll that votes by code.
error-code-count = That is not a number of codes that can be made
    .advice = A batch has up to a million codes, a sheet to print up to a thousand, and a poll up to five million.
error-too-many = Too many requests
    .advice = Wait a moment and try again.
error-busy = Too many people at once
    .advice = Wait a moment and try again.
error-unavailable = Not available just now
    .advice = We are on it. Wait a moment and try again.
error-internal = Something went wrong here
    .advice = It has been noted. Try again; if it stays, tell the organiser.
error-fate-refused = Your vote was not taken. Go back and send it again.
error-fate-unknown = We do not know whether your vote was taken. Go back and send it again: it will not count twice.
