# Everything that the pages say in English. A message that takes a value names it with $.

## Every page

skip = Skip to the content
nav = Main
nav-join = Join a poll
nav-wall = Wall
nav-quotes = Quotes
nav-studio = Studio
nav-account = My account
nav-enter = Account
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
home-wall = The wall
home-wall-how = Quotes of everybody here: read them, like the best, add your own.
home-wall-do = To the wall
home-organise = Ask your own question
home-organise-how = Make a poll in the studio, put its code on the wall, and watch the votes come in. All it takes is an account.
home-api = For programs: the API, to read and to try
results = Results
results-of = Results: { $title }
join-title = Join a poll
join-label = Code of the poll
join-go = Join
join-hint = The code has six letters and digits. It is on the screen in front, or on the sheet you were given. Capitals do not matter.
join-unknown = There is no poll with the code “{ $code }”. Check it and try again.

## The API, described

apidocs-title = The API
apidocs-script = This page draws the API with a script. It is described in

## Voting

vote-not-open = This poll is not open yet. This page shows it by itself when it is.
vote-sign-in = This poll has one vote per account.
vote-sign-in-do = Sign in to vote
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
full-screen-leave = Leave full screen
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

## The wall of quotes

wall-title = The wall
wall-quotes = { $count ->
    [one] quote
   *[other] quotes
}
wall-order = Order
search-empty = There is nothing to look for yet: type a word.
search-too-long = That is too much to look for: take fewer words.
wall-new = Newest
wall-top = Most liked
wall-found = { $count ->
    [0] No quote has these words.
    [one] One quote found.
   *[other] { $count } quotes found.
}
wall-found-many = Many quotes found; the best matches come first.
wall-results = Search results
wall-all = All quotes
wall-like = Like
wall-whole = Show all of it
wall-edited = edited
wall-hide = Hide
wall-quote = Quote
wall-add = Add a quote
wall-add-hint = Up to 1,000 characters. Everybody sees it, with your id.
wall-add-do = Put it on the wall
wall-sign-in = Something you heard, something worth keeping? With an account you can add it.
wall-sign-in-do = Sign in to add it
wall-key = You came with the admin key, which is nobody’s account. Sign in with an account to add quotes of your own.
wall-search = Search the quotes
wall-search-do = Search
wall-join = Read, like and add quotes at
wall-qr-alt = QR code of the wall
wall-empty = The wall is still empty
wall-empty-1 = Be the first: write a quote and put it on the wall. It appears on every screen at once.
wall-empty-2 = Be the first: sign in, write a quote and put it on the wall. It appears on every screen at once.
wall-news-one = One new quote
wall-news-many = { $count } new quotes
wall-posted = Your quote is on the wall.
wall-wait = Too many requests. Wait a moment and try again.
wall-failed = That did not work. Reload this page and try again.
wall-offline = You are offline. Try again when the connection is back.
wall-edit = Edit the quote
quote-delete-title = Delete this quote?
quote-delete-warning = { $count ->
    [0] It will be gone for good.
    [one] It will be gone for good, with the one like it has.
   *[other] It will be gone for good, with its { $count } likes.
}
quote-delete-do = Delete the quote

## Signing in and up

sign-in = Sign in
sign-out = Sign out
sign-in-new = No account yet?
sign-in-invite = No account yet? Accounts are by invitation here: ask an administrator.
sign-in-wrong = The id or the password is wrong. Try again.
sign-in-wrong-key = This is not the admin key.
with-key = I have the admin key
with-key-do = Sign in with the key
admin-key = Admin key
admin-key-where = The admin key is the one the server was started with (ADMIN_KEY). Where none was given, it made one: it was shown at the first start, and is kept in keys.json in the data directory.
sign-up = Sign up
sign-up-do = Make my account
sign-up-open = With an account you run polls of your own.
sign-up-invited = You are invited as
sign-up-stale = This invitation is not good any more: it was used, taken back or is too old.
sign-up-stale-open = You can sign up without one.
sign-up-ask = Ask an administrator of this site for an invitation: a link that you open once.
sign-up-by-invitation = Signing up takes an invitation here.
sign-up-shut = Nobody can sign up here.
sign-up-shut-ask = Administrators make the accounts: ask one for yours.
sign-up-known = You have an account?
field-id = Id
field-id-hint = By it you sign in: up to 64 letters, digits or . _ @ + -, and it cannot change. An e-mail address is fine.
field-name = Name
field-name-optional = Name (optional)
field-name-hint = As others see you. Left empty, it is your id.
field-password = Password
field-password-hint = At least 8 characters. A few words are easy to remember and hard to guess.
field-role = Role
role-member = Member
    .may = votes with this account.
role-organiser = Organiser
    .may = also runs polls of their own.
role-admin = Administrator
    .may = runs everything: all polls, and who has an account.

## One's account

account-since = Since
account-key = You came with the admin key, which is nobody’s account: what you do is on record as the admin key’s.
account-key-advice = Make an account for yourself and sign in with it. Keep the key for when nobody can sign in any more.
account-delete = Delete my account
account-delete-what = Your sessions and tokens end with it. Votes that were counted stay counted.
account-delete-title = Delete your account?
account-delete-warning = { $count ->
    [0] It will be gone for good, with its sessions and tokens.
    [one] It will be gone for good, with its sessions and tokens. Your poll stays, and only administrators can run it.
   *[other] It will be gone for good, with its sessions and tokens. Your { $count } polls stay, and only administrators can run them.
}
account-delete-do = Delete my account
field-name-shown = What others call you
field-current = Current password
field-new-password = New password
password-do = Set the new password
password-ends-sessions = It signs out all your other browsers.
done-name = Your name is changed.
done-password = Your password is changed. All your other browsers are signed out.
failed-current = That is not your current password. Nothing was changed.
sessions = Where you are signed in
session-this = this browser
session-began = Since
session-end = Sign out there
sessions-end-others = Sign out everywhere else
browser-on = { $browser } on { $system }
session-seen = Last seen
ends = Good until
tokens = API tokens
tokens-what = For programs that work on your behalf. A token does what it is for and nothing else, and never more than you may.
token-make = Make a token
token-make-do = Make the token
token-name = Name of the token
token-name-hint = For you to recognise it: which program, on which machine.
token-scopes = What it is for
token-days = Days until it ends
token-delete = Delete the token { $name }
token-made = Your new token
token-once = Copy it now: it is shown this once.
token-try = Try it
token-keep = Keep it as you keep a password: not in source code, not in a chat. If it went astray, delete it.
failed-token = A token has a name, at least one thing that it is for, and 1 to 3660 days.
token-used = Last used
never-used = Never used
to-account = To my account
scope-read = Read
    .for = looks at what you may see: your drafts, hidden results, your account.
scope-vote = Vote
    .for = votes, as you or for voters that it names.
scope-organise = Organise
    .for = makes and runs your polls, and reads.
scope-admin = Administer
    .for = everything that administrators do, but vote.

## Accounts and audit, for administrators

nav-users = Accounts
nav-audit = Audit
users-all = All accounts
users-none = There is no account yet.
user-make = Make an account
user-make-do = Make the account
user-edit = Name and role
user-own = This is your own account: with another role you may not be able to come back here.
user-password = New password
user-password-hint = It signs the account out everywhere. Tell its owner, who can change it then.
user-polls = Polls
user-delete = Delete the account
user-delete-title = Delete this account?
user-delete-warning = { $count ->
    [0] It will be gone for good, with its sessions and tokens.
    [one] It will be gone for good, with its sessions and tokens. Its poll stays, and only administrators can run it.
   *[other] It will be gone for good, with its sessions and tokens. Its { $count } polls stay, and only administrators can run them.
}
user-delete-do = Delete the account
field-password-given = Password (optional)
field-password-given-hint = For its owner to change. Without one, nobody can sign in to the account yet.
done-made = The account is made.
done-changed = The account is changed.
invite = Invite somebody
invite-what = Makes a link by which one person makes their own account, within two weeks.
invite-do = Make the link
invite-note = For whom (optional)
invite-note-hint = Only administrators see it.
invite-no-note = no note
invitations = Open invitations
invitation-made = The invitation is ready
invitation-once = Copy the link now and send it to one person: it is shown this once.
invitation-link = Link
invitation-qr-alt = QR code of the invitation
take-back = Take back
to-users = To the accounts
page-first = First page
page-next = Next page
page-newest = Newest
page-older = Older
audit-what = What was done by administration, the newest first. It stays even when what it is about is gone.
audit-none = Nothing yet.
audit-csv = All of it as CSV
audit-poll-create = made the poll
audit-poll-duplicate = made, as a duplicate, the poll
audit-poll-change = changed the poll
audit-poll-open = opened the poll
audit-poll-close = closed the poll
audit-poll-reset = reset the poll
audit-poll-show = changed who sees the results of the poll
audit-poll-delete = deleted the poll
audit-codes-create = made voting codes for the poll
audit-codes-void = made voting codes worthless in the poll
audit-user-create = made the account
audit-user-change = changed the account
audit-user-password = changed the password of the account
audit-user-delete = deleted the account
audit-user-signup = signed up as
audit-quote-edit = changed the quote
audit-quote-delete = deleted the quote
audit-quote-hide = hid the quote
audit-quote-restore = restored the quote
audit-invitation-create = made the invitation
audit-invitation-delete = took back the invitation
audit-token-create = made the API token
audit-token-delete = deleted the API token

## Studio

studio = Studio
studio-new = New poll
studio-edit = Edit
studio-do = What next?
studio-empty = Your first poll
studio-empty-1 = Make a poll: a question and at least two answers.
studio-empty-2 = Share its code, its link or its QR code.
studio-empty-3 = Put the result page on the wall, and close the poll when you like.
quotes-all = Quotes
quotes-what = Hidden quotes are shown here only. Choose some and make a poll of them.
quotes-hidden = Hidden
quotes-none = There is nothing here yet. Quotes come from the wall, where whoever has an account adds them.
quotes-none-hidden = No quote is hidden.
quotes-none-found = No quote has these words.
quotes-hidden-by = Hidden by { $who } on
quotes-restore = Restore
quotes-choose = Choose “{ $quote }”
quotes-poll = Make a poll of the chosen
quotes-poll-hint = A poll takes 2 to 50. You see it before it is made.
quotes-likes = { $count ->
    [one] like
   *[other] likes
}
quotes-chosen-one = One chosen.
quotes-chosen-many = { $count } chosen.
quotes-poll-title = Which quote is the best?
quotes-poll-short = { $count ->
    [one] One quote is longer than an answer may be, and was cut at “…”. Shorten it by hand if you like; this is all of it:
   *[other] { $count } quotes are longer than an answer may be, and were cut at “…”. Shorten them by hand if you like; this is all of them:
}
quotes-poll-missing = { $count ->
    [one] One of the chosen quotes is left out: it is hidden or deleted by now, says the same as another, or is more than a poll can take.
   *[other] { $count } of the chosen quotes are left out: they are hidden or deleted by now, say the same as others, or are more than a poll can take.
}
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
one-vote-per-account = One vote per account.
one-vote-per-code = One vote per voting code.
one-vote-per-fixed = This was fixed when the poll was made.
polls-by-browser = Reloading, coming back or sending twice never counts twice. But a browser is not a person: anyone with a second device, a private window or a program can vote again. A sudden rise in new voters when nobody was asked to vote is a sign of that. Use this for a show of hands, not for a binding vote.
polls-by-account = Whoever votes has signed in, and each account votes once, from whichever device. It is as good as the accounts are: where anybody may sign up, somebody may do so twice. Which account chose what is not shown to anybody, but whoever can read the server’s database could work it out.
polls-by-code = Each code votes once, from whichever device, and without a code nobody votes. It is as good as you hand the codes out: one to each person, and to nobody else. Without the code itself nobody can find what it chose: keep no list of who got which.
field-one-vote-per = One vote per
field-one-vote-per-browser = Browser
    .means = Anybody with the link votes at once; a second device or a private window votes again. For a show of hands.
field-one-vote-per-account = Account
    .means = Voters sign in first, and each account votes once. As good as your accounts are.
field-one-vote-per-code = Voting code
    .means = You hand out codes, and each votes once. As good as you hand them out: one to each person.
field-allow-change-code = With voting codes a vote is final: a code is used once.
owner = Organiser:
owner-none = nobody
codes = Voting codes
codes-made = Codes made
codes-used = Codes used
codes-never-which = Which codes were used is shown to nobody: this is the number of votes.
codes-batch = Batch { $number }
codes-count = { $count ->
    [one] { $count } code
   *[other] { $count } codes
}
codes-void = Make worthless
codes-void-batch = Yes, make batch { $number } worthless
codes-void-what = A batch that went astray can be made worthless, for good. What its codes have voted stays counted.
codes-how-many = How many codes
codes-as-csv = Make, as CSV
codes-as-sheet = Make, to print
codes-once = The codes are shown this once: save or print them before you go on. A sheet has at most 1,000; of a table, reload this page to see its batch.
new-voters = New voters by minute
minute = Minute
no-new-voters = New voters of the last hour are shown here, minute by minute.

## Items

items = Items
items-find = Keys that begin with
items-find-do = Find
items-all = All items
items-none-such = No key begins with that.
items-no-more = There are no more items.
# What is counted, after its number.
items-count = { $count ->
    [one] item in all
   *[other] items in all
}
items-bytes = { $count ->
    [one] byte
   *[other] bytes
}
items-empty = There are no items yet
items-empty-how = An item is a key and a value that pages and programs share. Add the first one below, or POST it to /item.
items-empty-later = An item is a key and a value that pages and programs share. They appear here once a program has set some.
items-read-only = Items can only be read here. To change them, send the admin key with a request:
items-add = Add or change an item
items-key = Key
items-key-hint = A key that is there already gets the new value.
items-value = Value
items-saved = Saved:
items-deleted = Deleted.
items-delete = Delete
items-delete-one = Delete { $key }
items-delete-title = Delete this item?
items-delete-warning = It is gone for everybody who uses it.
items-delete-do = Delete the item
items-gone = There is no such item. Saving a value makes it.
items-gone-read-only = There is no such item.
items-large = This value is too large to be changed here. Open it as plain text, or change it by a program.
items-raw = Open as plain text

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
error-unauthorized = Sign in first
    .advice = If you were signed in, your session is over.
error-sign-in-to-vote = In this poll accounts vote
    .advice = Sign in, and come back.
error-own-password = Change your own password on your account page
    .advice = There you are asked for the present one.
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
error-item-key = A key has 1 to 512 bytes and no control characters
error-item-value = A value has at most 1,048,576 bytes
error-items-away = Items are not available just now
    .advice = Nothing was changed. Go back and try again in a moment.
error-items-unknown = Items did not answer
    .advice = We do not know whether this was changed. Go back and send it again: doing it twice is harmless.
error-items-full = There is no room for more items; delete some first
error-sign-up-closed = Signing up takes an invitation here
    .advice = Ask an administrator for one. If you had one, it was used, taken back or is too old.
error-too-many-polls = You have too many polls
    .advice = Delete some that you no longer need first.
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
error-no-quote = There is no such quote
error-not-your-quote = This quote is somebody else’s
error-quote-text = A quote has 1 to 1,000 characters
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
error-too-many-codes = This poll would have too many codes
    .advice = A poll has up to five million, with those that are being made. Make fewer, or make a batch worthless first.
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
