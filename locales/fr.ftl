# Tout ce que les pages disent en français. Un message nomme par $ ce qu'on y insère.

## Toutes les pages

skip = Aller au contenu
nav = Navigation
nav-join = Rejoindre un vote
nav-wall = Mur
nav-quotes = Citations
nav-studio = Studio
nav-account = Mon compte
nav-enter = Compte
languages = Langue
unknown = inconnu
back = Retour
cancel = Annuler
save = Enregistrer
apply = Appliquer
print = Imprimer
copy = Copier
copied = Copié
votes = { $count ->
    [one] vote
   *[other] votes
}
time = { $day } { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
} { $year } à { $clock } UTC

## L'état d'un vote

state-draft = Brouillon
state-waiting = Pas encore ouvert
state-open = Ouvert
state-closed = Décompte
state-final = Définitif
generation = ouverture n° { $number }
opens-at = Ouverture le
closes-at = Fermeture le
closed-at = Fermé le
time-left = Temps restant

## Accueil et code

home-title = À vous de voter
home-open = Votes ouverts
home-none = Aucun vote n’est ouvert en ce moment.
home-closed = Résultats
home-wall = Le mur
home-wall-how = Les citations de tous : lisez-les, aimez les meilleures, ajoutez les vôtres.
home-wall-do = Voir le mur
home-organise = Posez votre question
home-organise-how = Créez un vote dans le studio, affichez son code et regardez les voix arriver. Il suffit d’un compte.
home-api = Pour les programmes : l’API, à lire et à essayer
results = Résultats
results-of = Résultats : { $title }
join-title = Rejoindre un vote
join-label = Code du vote
join-go = Rejoindre
join-hint = Le code a six lettres et chiffres. Il est sur l’écran devant vous ou sur la feuille qu’on vous a remise. Majuscules ou minuscules, peu importe.
join-unknown = Aucun vote n’a le code « { $code } ». Vérifiez-le et tapez-le encore une fois.

## L'API, décrite

apidocs-title = L’API
apidocs-script = Cette page dessine l’API avec un script. Elle est décrite dans

## Voter

vote-not-open = Ce vote n’est pas encore ouvert. Cette page le montrera d’elle-même quand il le sera.
vote-sign-in = Dans ce vote, chaque compte a une voix.
vote-sign-in-do = Se connecter pour voter
vote-closed = Ce vote est fermé.
vote-yours = Vous avez voté « { $choice } ».
vote-accepted = Votre vote « { $choice } » est enregistré.
vote-counted = Votre vote « { $choice } » est compté.
vote-may-change = Vous pouvez le changer jusqu’à la fermeture.
vote-once = On vote ici une seule fois : votre choix ne pourra plus changer.
vote-code = Votre code de vote
vote-code-form = Douze lettres et chiffres
vote-code-hint = Il est sur le billet qu’on vous a remis : douze lettres et chiffres. Majuscules, espaces et tirets, peu importe.
vote-code-wrong = Ce code n’existe pas dans ce vote. Vérifiez-le et tapez-le encore une fois.
vote-code-once = Un code compte une fois : le vôtre a servi.
vote-code-used = Ce code a déjà servi : une voix a été donnée avec lui. Laquelle n’est pas montrée ici, pour qu’elle reste secrète.
vote-sending = Envoi de votre vote…
vote-offline = Pas de connexion. Votre vote « { $choice } » est gardé sur cet appareil et partira dès qu’elle reviendra. Laissez cette page ouverte.
vote-busy = Le serveur est très occupé. Votre vote « { $choice } » repart tout seul dans un instant.
vote-too-late = Ce vote est fermé : votre choix « { $choice } » est arrivé trop tard.
vote-failed = Votre vote n’a pas été pris en compte. Rechargez la page et réessayez.

## Résultats

full-screen = Plein écran
full-screen-leave = Quitter le plein écran
hidden-until-close = Le résultat sera montré à la fermeture du vote.
hidden-by-organiser = Le résultat est masqué pour le moment.
seats-legend = Un point pour chaque pour cent des voix de la réponse en tête
share-go = Allez sur
share-code = Code
share-here = ou votez sur cet appareil
share-scan = Scannez pour voter
qr-alt = Code QR de la page de vote
download-picture = Image (SVG)
reconnecting = reconnexion…
poll-gone = Ce vote a été supprimé.
votes-over-time = Les votes au fil du temps
announce-leads = { $label } est en tête avec { $percent } de { $total }.
announce-tied = Personne n’est en tête. { $total } pour l’instant.
announce-final-tied = Résultat définitif : égalité. { $total }.
announce-final = Résultat définitif : { $label } avec { $percent } de { $total }.

## Le mur de citations

wall-title = Le mur
wall-quotes = { $count ->
    [one] citation
   *[other] citations
}
wall-order = Ordre
search-empty = Il n’y a encore rien à chercher : tapez un mot.
search-too-long = C’est trop à chercher : prenez moins de mots.
wall-new = Nouvelles
wall-top = Préférées
wall-found = { $count ->
    [0] Aucune citation ne contient ces mots.
    [one] Une citation trouvée.
   *[other] { $count } citations trouvées.
}
wall-found-many = Beaucoup de citations trouvées, les plus proches d’abord.
wall-results = Résultats de la recherche
wall-all = Toutes les citations
wall-like = J’aime
wall-whole = Tout afficher
wall-edited = modifiée
wall-hide = Masquer
wall-quote = Citation
wall-add = Ajouter une citation
wall-add-hint = Jusqu’à 1 000 caractères. Tout le monde la voit, avec votre identifiant.
wall-add-do = L’afficher sur le mur
wall-sign-in = Une phrase entendue, une phrase à garder ? Avec un compte, vous pouvez l’ajouter.
wall-sign-in-do = Se connecter pour l’ajouter
wall-key = Vous êtes venu avec la clé d’administration, qui n’est le compte de personne. Connectez-vous avec un compte pour ajouter vos citations.
wall-search = Chercher une citation
wall-search-do = Chercher
wall-join = Lisez, aimez et ajoutez des citations sur
wall-qr-alt = Code QR du mur
wall-empty = Le mur est encore vide
wall-empty-1 = Soyez le premier : écrivez une citation et affichez-la sur le mur. Elle apparaît aussitôt sur tous les écrans.
wall-empty-2 = Soyez le premier : connectez-vous, écrivez une citation et affichez-la sur le mur. Elle apparaît aussitôt sur tous les écrans.
wall-news-one = Une nouvelle citation
wall-news-many = { $count } nouvelles citations
wall-posted = Votre citation est sur le mur.
wall-wait = Trop de requêtes. Attendez un instant et réessayez.
wall-failed = Cela n’a pas marché. Rechargez la page et réessayez.
wall-offline = Pas de connexion. Réessayez quand elle sera revenue.
wall-edit = Modifier la citation
quote-delete-title = Supprimer cette citation ?
quote-delete-warning = { $count ->
    [0] Elle disparaîtra pour de bon.
    [one] Elle disparaîtra pour de bon, avec le « J’aime » qu’elle a reçu.
   *[other] Elle disparaîtra pour de bon, avec les { $count } « J’aime » qu’elle a reçus.
}
quote-delete-do = Supprimer la citation

## Connexion et inscription

sign-in = Se connecter
sign-out = Se déconnecter
sign-in-new = Pas encore de compte ?
sign-in-invite = Pas encore de compte ? Ici, on s’inscrit sur invitation : demandez à un administrateur.
sign-in-wrong = L’identifiant ou le mot de passe est faux. Réessayez.
sign-in-wrong-key = Ce n’est pas la clé d’administration.
with-key = J’ai la clé d’administration
with-key-do = Se connecter avec la clé
admin-key = Clé d’administration
admin-key-where = C’est la clé avec laquelle le serveur a été démarré (ADMIN_KEY). S’il n’en a pas reçu, il en a créé une : affichée au premier démarrage, elle est gardée dans keys.json, dans le dossier des données.
sign-up = S’inscrire
sign-up-do = Créer mon compte
sign-up-open = Avec un compte, vous organisez vos propres votes.
sign-up-invited = Vous êtes invité comme
sign-up-stale = Cette invitation n’est plus valable : elle a servi, a été retirée ou a expiré.
sign-up-stale-open = Vous pouvez vous inscrire sans elle.
sign-up-ask = Demandez une invitation à un administrateur de ce site : un lien qu’on ouvre une seule fois.
sign-up-by-invitation = Il faut une invitation pour s’inscrire ici.
sign-up-shut = On ne peut pas s’inscrire ici.
sign-up-shut-ask = Les administrateurs créent les comptes : demandez-leur le vôtre.
sign-up-known = Vous avez un compte ?
field-id = Identifiant
field-id-hint = Il sert à vous connecter : jusqu’à 64 lettres sans accent, chiffres ou . _ @ + -, et il ne change plus. Une adresse e-mail convient.
field-name = Nom
field-name-optional = Nom (facultatif)
field-name-hint = Celui que les autres voient. Laissé vide, c’est votre identifiant.
field-password = Mot de passe
field-password-hint = Au moins 8 caractères. Quelques mots se retiennent bien et se devinent mal.
field-role = Rôle
role-member = Membre
    .may = vote avec ce compte.
role-organiser = Organisateur
    .may = organise aussi ses propres votes.
role-admin = Administrateur
    .may = dirige tout : tous les votes, et qui a un compte.

## Mon compte

account-since = Depuis le
account-key = Vous êtes venu avec la clé d’administration, qui n’est le compte de personne : ce que vous faites est noté au nom de la clé.
account-key-advice = Créez-vous un compte et connectez-vous avec lui. Gardez la clé pour le jour où plus personne ne peut se connecter.
account-delete = Supprimer mon compte
account-delete-what = Vos sessions et vos jetons disparaissent avec lui. Les voix comptées restent comptées.
account-delete-title = Supprimer votre compte ?
account-delete-warning = { $count ->
    [0] Il disparaît définitivement, avec ses sessions et ses jetons.
    [one] Il disparaît définitivement, avec ses sessions et ses jetons. Votre vote reste, et seuls les administrateurs pourront le gérer.
   *[other] Il disparaît définitivement, avec ses sessions et ses jetons. Vos { $count } votes restent, et seuls les administrateurs pourront les gérer.
}
account-delete-do = Supprimer mon compte
field-name-shown = Le nom que les autres voient
field-current = Mot de passe actuel
field-new-password = Nouveau mot de passe
password-do = Changer le mot de passe
password-ends-sessions = Vos autres navigateurs seront déconnectés.
done-name = Votre nom est changé.
done-password = Votre mot de passe est changé. Vos autres navigateurs sont déconnectés.
failed-current = Ce n’est pas votre mot de passe actuel. Rien n’a changé.
sessions = Où vous êtes connecté
session-this = ce navigateur
session-began = Depuis le
session-end = Y mettre fin
sessions-end-others = Me déconnecter partout ailleurs
browser-on = { $browser } sur { $system }
session-seen = Vu le
ends = Valable jusqu’au
tokens = Jetons d’API
tokens-what = Pour les programmes qui travaillent en votre nom. Un jeton fait ce pour quoi il est créé, rien d’autre, et jamais plus que vous.
token-make = Créer un jeton
token-make-do = Créer le jeton
token-name = Nom du jeton
token-name-hint = Pour le reconnaître : quel programme, sur quelle machine.
token-scopes = À quoi il sert
token-days = Jours avant son expiration
token-delete = Supprimer le jeton { $name }
token-made = Votre nouveau jeton
token-once = Copiez-le maintenant : il ne s’affiche qu’une fois.
token-try = L’essayer
token-keep = Gardez-le comme un mot de passe : ni dans du code, ni dans une messagerie. S’il s’est égaré, supprimez-le.
failed-token = Un jeton a un nom, sert à une chose au moins, et vaut de 1 à 3660 jours.
token-used = Utilisé le
never-used = Jamais utilisé
to-account = Vers mon compte
scope-read = Lire
    .for = voit ce que vous pouvez voir : vos brouillons, les résultats masqués, votre compte.
scope-vote = Voter
    .for = vote, en votre nom ou pour des votants qu’il nomme.
scope-organise = Organiser
    .for = crée et gère vos votes, et lit.
scope-admin = Administrer
    .for = tout ce que font les administrateurs, sauf voter.

## Comptes et journal, pour les administrateurs

nav-users = Comptes
nav-audit = Journal
users-all = Tous les comptes
users-none = Il n’y a pas encore de compte.
user-make = Créer un compte
user-make-do = Créer le compte
user-edit = Nom et rôle
user-own = C’est votre propre compte : avec un autre rôle, vous ne pourrez peut-être plus revenir ici.
user-password = Nouveau mot de passe
user-password-hint = Le compte sera déconnecté partout. Dites-le à son propriétaire, qui pourra ensuite le changer.
user-polls = Votes
user-delete = Supprimer le compte
user-delete-title = Supprimer ce compte ?
user-delete-warning = { $count ->
    [0] Il disparaît définitivement, avec ses sessions et ses jetons.
    [one] Il disparaît définitivement, avec ses sessions et ses jetons. Son vote reste, et seuls les administrateurs pourront le gérer.
   *[other] Il disparaît définitivement, avec ses sessions et ses jetons. Ses { $count } votes restent, et seuls les administrateurs pourront les gérer.
}
user-delete-do = Supprimer le compte
field-password-given = Mot de passe (facultatif)
field-password-given-hint = Son propriétaire pourra le changer. Sans mot de passe, personne ne peut encore s’y connecter.
done-made = Le compte est créé.
done-changed = Le compte est modifié.
invite = Inviter quelqu’un
invite-what = Crée un lien par lequel une personne crée elle-même son compte, dans les deux semaines.
invite-do = Créer le lien
invite-note = Pour qui (facultatif)
invite-note-hint = Seuls les administrateurs le voient.
invite-no-note = sans note
invitations = Invitations en cours
invitation-made = L’invitation est prête
invitation-once = Copiez le lien maintenant et envoyez-le à une personne : il ne s’affiche qu’une fois.
invitation-link = Lien
invitation-qr-alt = Code QR de l’invitation
take-back = Retirer
to-users = Vers les comptes
page-first = Première page
page-next = Page suivante
page-newest = Les plus récents
page-older = Plus anciens
audit-what = Ce que l’administration a fait, le plus récent d’abord. Cela reste, même quand l’objet a disparu.
audit-none = Rien encore.
audit-csv = Tout en CSV
audit-poll-create = a créé le vote
audit-poll-duplicate = a créé par duplication le vote
audit-poll-change = a modifié le vote
audit-poll-open = a ouvert le vote
audit-poll-close = a fermé le vote
audit-poll-reset = a remis à zéro le vote
audit-poll-show = a changé qui voit les résultats du vote
audit-poll-delete = a supprimé le vote
audit-codes-create = a créé des codes pour le vote
audit-codes-void = a annulé des codes du vote
audit-user-create = a créé le compte
audit-user-change = a modifié le compte
audit-user-password = a changé le mot de passe du compte
audit-user-delete = a supprimé le compte
audit-user-signup = s’est inscrit sous
audit-quote-edit = a modifié la citation
audit-quote-delete = a supprimé la citation
audit-quote-hide = a masqué la citation
audit-quote-restore = a rétabli la citation
audit-invitation-create = a créé l’invitation
audit-invitation-delete = a retiré l’invitation
audit-token-create = a créé le jeton d’API
audit-token-delete = a supprimé le jeton d’API

## Studio

studio = Studio
studio-new = Nouveau vote
studio-edit = Modifier
studio-do = Et maintenant ?
studio-empty = Votre premier vote
studio-empty-1 = Créez un vote : une question et au moins deux réponses.
studio-empty-2 = Partagez son code, son lien ou son code QR.
studio-empty-3 = Projetez la page des résultats, et fermez le vote quand vous voulez.
quotes-all = Citations
quotes-what = Les citations masquées ne sont montrées qu’ici. Choisissez-en quelques-unes pour en faire un vote.
quotes-hidden = Masquées
quotes-none = Il n’y a encore rien ici. Les citations viennent du mur, où chaque compte peut en ajouter.
quotes-none-hidden = Aucune citation n’est masquée.
quotes-none-found = Aucune citation ne contient ces mots.
quotes-hidden-by = Masquée par { $who } le
quotes-restore = Rétablir
quotes-choose = Choisir « { $quote } »
quotes-poll = En faire un vote
quotes-poll-hint = Un vote en prend de 2 à 50. Vous le verrez avant de le créer.
quotes-likes = { $count ->
    [one] J’aime
   *[other] J’aime
}
quotes-chosen-one = Une choisie.
quotes-chosen-many = { $count } choisies.
quotes-poll-title = Quelle est la meilleure citation ?
quotes-poll-short = { $count ->
    [one] Une citation est plus longue que ne peut l’être une réponse : elle a été coupée à « … ». Raccourcissez-la vous-même si vous voulez ; la voici en entier :
   *[other] { $count } citations sont plus longues que ne peut l’être une réponse : elles ont été coupées à « … ». Raccourcissez-les vous-même si vous voulez ; les voici en entier :
}
quotes-poll-missing = { $count ->
    [one] Une des citations choisies manque : elle a été masquée ou supprimée entre-temps, répète une autre, ou dépasse ce que prend un vote.
   *[other] { $count } des citations choisies manquent : elles ont été masquées ou supprimées entre-temps, en répètent d’autres, ou dépassent ce que prend un vote.
}
health-waiting = En attente de décompte
health-dead = Impossibles à compter
health-counted = Comptés en tout
field-title = Question
field-options = Réponses
field-options-hint = Une par ligne, de 2 à 50.
field-results = Les résultats sont montrés
field-allow-change = On peut changer son vote
field-slug = Nom dans l’adresse
field-slug-hint = Lettres minuscules, chiffres et tirets. Laissé vide, il est tiré de la question.
field-times = Ouverture et fermeture automatiques
field-opens-at = Ouverture
field-closes-at = Fermeture
field-times-utc = Les heures sont en UTC.
field-times-local = Les heures sont celles de cet appareil ({ $zone }).
field-open = Ouvrir tout de suite
make-poll = Créer le vote
edit-locked = Ce vote a des voix : sa question et ses réponses ne peuvent plus changer. Dupliquez-le, ou remettez-le à zéro.
visibility-live = en direct, pendant le vote
visibility-after-close = à la fermeture du vote
visibility-hidden = pas du tout
visibility-is-live = Résultats en direct
visibility-is-after-close = Résultats montrés à la fermeture
visibility-is-hidden = Résultats masqués
no-change = vote sans changement
still-counting = Les derniers votes sont en cours de décompte.
close-now = Fermer maintenant
close-in = Secondes avant la fermeture
close-in-do = Lancer le compte à rebours
open-poll = Ouvrir
open-again = Rouvrir
duplicate = Dupliquer
reset = Remettre à zéro
reset-title = Effacer toutes les voix ?
reset-warning = { $count ->
    [0] Il n’y a aucune voix à effacer. Chacun pourra voter de nouveau.
    [one] Une voix sera effacée, définitivement. À faire après une répétition.
   *[other] { $count } voix seront effacées, définitivement. À faire après une répétition.
}
reset-do = Effacer toutes les voix
delete = Supprimer
delete-title = Supprimer ce vote ?
delete-warning = { $count ->
    [0] Il disparaît définitivement, avec son code et son adresse.
    [one] Il disparaît définitivement, avec son code, son adresse et sa seule voix.
   *[other] Il disparaît définitivement, avec son code, son adresse et ses { $count } voix.
}
delete-do = Supprimer le vote
share = Partager
share-link = Lien
voting-page = Page de vote
results-page = Page des résultats
print-sheet = Feuille à imprimer
qr-file = Code QR (SVG)
codes-sheet = Codes de vote
codes-sheet-once = Imprimez ou enregistrez cette page maintenant : les codes ne sont montrés que cette fois. Chaque carte vaut une voix.
codes-scan = Scannez pour voter, ou tapez le code sur
codes-secret = Une voix. Qui a ce code peut la donner : gardez-le pour vous.
who-votes = Qui vote
one-vote-per-browser = Un vote par navigateur.
one-vote-per-account = Un vote par compte.
one-vote-per-code = Un vote par code de vote.
one-vote-per-fixed = C’est fixé depuis la création du vote.
polls-by-browser = Recharger, revenir ou envoyer deux fois ne compte jamais double. Mais un navigateur n’est pas une personne : avec un second appareil, une fenêtre privée ou un programme, on peut voter encore. Beaucoup de nouveaux votants dans une minute où personne n’a été appelé à voter en sont le signe. C’est un vote à main levée, pas un scrutin qui engage.
polls-by-account = On se connecte avant de voter, et chaque compte vote une fois, depuis n’importe quel appareil. Cela vaut ce que valent les comptes : là où tout le monde peut s’inscrire, on peut s’inscrire deux fois. Le choix d’un compte n’est montré à personne, mais qui peut lire la base de données du serveur pourrait le retrouver.
polls-by-code = Chaque code vote une fois, depuis n’importe quel appareil, et sans code on ne vote pas. Cela vaut ce que vaut la remise des codes : un par personne, et à personne d’autre. Sans le code lui-même, personne ne peut retrouver ce qu’il a choisi : ne gardez pas de liste de qui a reçu lequel.
field-one-vote-per = Un vote par
field-one-vote-per-browser = Navigateur
    .means = Avec le lien, on vote tout de suite ; un second appareil ou une fenêtre privée vote encore. Pour un vote à main levée.
field-one-vote-per-account = Compte
    .means = On se connecte d’abord, et chaque compte vote une fois. Cela vaut ce que valent vos comptes.
field-one-vote-per-code = Code de vote
    .means = Vous remettez des codes, et chacun vote une fois. Cela vaut ce que vaut leur remise : un par personne.
field-allow-change-code = Avec des codes, un vote est définitif : un code ne sert qu’une fois.
owner = Organisateur :
owner-none = personne
codes = Codes de vote
codes-made = Codes créés
codes-used = Codes utilisés
codes-never-which = Quels codes ont servi n’est montré à personne : c’est le nombre de voix.
codes-batch = Lot { $number }
codes-count = { $count ->
    [one] { $count } code
   *[other] { $count } codes
}
codes-void = Annuler ces codes
codes-void-batch = Oui, annuler le lot { $number }
codes-void-what = Un lot égaré peut être annulé, définitivement. Les voix de ses codes restent comptées.
codes-how-many = Combien de codes
codes-as-csv = Créer, en CSV
codes-as-sheet = Créer, à imprimer
codes-once = Les codes ne s’affichent qu’une fois : enregistrez-les ou imprimez-les aussitôt. Une feuille en a au plus 1 000 ; pour un fichier CSV, rechargez cette page pour voir son lot.
new-voters = Nouveaux votants par minute
minute = Minute
no-new-voters = Les nouveaux votants de la dernière heure s’affichent ici, minute par minute.

## Éléments

items = Éléments
items-find = Clés qui commencent par
items-find-do = Chercher
items-all = Tous les éléments
items-none-such = Aucune clé ne commence ainsi.
items-no-more = Il n’y a plus d’autres éléments.
# What is counted, after its number.
items-count = { $count ->
    [one] élément en tout
   *[other] éléments en tout
}
items-bytes = { $count ->
    [one] octet
   *[other] octets
}
items-empty = Il n’y a pas encore d’élément
items-empty-how = Un élément est une clé et une valeur que pages et programmes partagent. Ajoutez le premier ci-dessous, ou envoyez-le par POST à /item.
items-empty-later = Un élément est une clé et une valeur que pages et programmes partagent. Ils apparaîtront ici dès qu’un programme en aura créé.
items-read-only = Ici, les éléments se lisent seulement. Pour les modifier, envoyez la clé d’administration avec une requête :
items-add = Ajouter ou modifier un élément
items-key = Clé
items-key-hint = Une clé qui existe déjà prend la nouvelle valeur.
items-value = Valeur
items-saved = Enregistré :
items-deleted = Supprimé.
items-delete = Supprimer
items-delete-one = Supprimer { $key }
items-delete-title = Supprimer cet élément ?
items-delete-warning = Il disparaît pour tous ceux qui s’en servent.
items-delete-do = Supprimer l’élément
items-gone = Cet élément n’existe pas. Enregistrez une valeur pour le créer.
items-gone-read-only = Cet élément n’existe pas.
items-large = Cette valeur est trop grande pour être modifiée ici. Ouvrez-la en texte brut, ou modifiez-la par un programme.
items-raw = Ouvrir en texte brut

## Erreurs : ce qui ne va pas, et que faire

error-status = Erreur { $status }
to-home = Vers l’accueil
error-bad-request = Cette demande est incompréhensible
error-title = La question doit avoir de 1 à 200 caractères
    .advice = Revenez en arrière : ce que vous avez tapé y est encore.
error-option-count = Il faut de 2 à 50 réponses
    .advice = Revenez en arrière et écrivez-en une par ligne : ce que vous avez tapé y est encore.
error-option-count-fixed = Le nombre de réponses ne peut plus changer
    .advice = Une fois le vote ouvert, on peut corriger les réponses, pas en ajouter ni en enlever. Dupliquez plutôt le vote.
error-label = Chaque réponse doit avoir de 1 à 100 caractères
    .advice = Revenez en arrière : ce que vous avez tapé y est encore.
error-duplicate-label = Une réponse figure deux fois
    .advice = Revenez en arrière et changez-en une : ce que vous avez tapé y est encore.
error-slug = Le nom dans l’adresse a de 1 à 64 lettres minuscules, chiffres et tirets
    .advice = Revenez en arrière et choisissez-en un autre : ce que vous avez tapé y est encore.
error-slug-reserved = Ce nom dans l’adresse est réservé
    .advice = Revenez en arrière et choisissez-en un autre : ce que vous avez tapé y est encore.
error-opens-at-of-open-poll = Un vote qui ouvre tout de suite ne peut pas aussi ouvrir plus tard
    .advice = Revenez en arrière et enlevez l’heure ou la coche.
error-time-passed = Cette heure est passée
    .advice = Revenez en arrière et choisissez-en une plus tardive : ce que vous avez tapé y est encore.
error-codes-that-change = Un code de vote ne sert qu’une fois : son vote ne peut pas changer
error-closes-before-opening = Un vote ferme après avoir ouvert
    .advice = Revenez en arrière et vérifiez les deux heures : ce que vous avez tapé y est encore.
error-no-choice = Choisissez une des réponses
error-unauthorized = Connectez-vous d’abord
    .advice = Si vous l’étiez, votre session est terminée.
error-sign-in-to-vote = Dans ce vote, il faut un compte
    .advice = Connectez-vous, puis revenez.
error-own-password = Changez votre propre mot de passe sur la page de votre compte
    .advice = Le mot de passe actuel vous y est demandé.
error-wrong-password = L’identifiant ou le mot de passe est faux
error-password-short = Ce mot de passe est trop court
    .advice = Revenez en arrière et choisissez-en un d’au moins 8 caractères : quelques mots se retiennent bien et se devinent mal.
error-password-long = Ce mot de passe est trop long
    .advice = Revenez en arrière et choisissez-en un d’au plus 200 caractères.
error-user-id = Un identifiant se compose de lettres, de chiffres et de . _ @ + -
    .advice = Revenez en arrière et choisissez-en un autre : au plus 64 caractères, une lettre ou un chiffre d’abord.
error-user-reserved = Cet identifiant est réservé
    .advice = Revenez en arrière et choisissez-en un autre.
error-user-name = Un nom a de 1 à 100 caractères
    .advice = Revenez en arrière et regardez-le à nouveau.
error-item-key = Une clé a de 1 à 512 octets, sans caractère de contrôle
error-item-value = Une valeur a au plus 1 048 576 octets
error-items-away = Les éléments ne sont pas disponibles pour l’instant
    .advice = Rien n’a été modifié. Revenez en arrière et réessayez dans un instant.
error-items-unknown = Les éléments n’ont pas répondu
    .advice = Nous ne savons pas si la modification a été faite. Revenez en arrière et renvoyez-la : la faire deux fois ne change rien.
error-items-full = Il n’y a plus de place ; supprimez d’abord des éléments
error-sign-up-closed = Il faut une invitation pour s’inscrire ici
    .advice = Demandez-en une à un administrateur. Si vous en aviez une, elle a servi, a été retirée ou a expiré.
error-too-many-polls = Vous avez trop de votes
    .advice = Supprimez d’abord ceux dont vous n’avez plus besoin.
error-too-many-tokens = Ce compte a trop de jetons
    .advice = Supprimez d’abord un jeton dont vous n’avez plus besoin.
error-forbidden-admin = Cette page est réservée aux administrateurs
error-forbidden-organiser = Cette page est réservée aux organisateurs
    .advice = Votre compte permet de voter. Pour organiser des votes, demandez à un administrateur.
error-forbidden = Vous ne pouvez pas faire cela
error-not-yours = Ce vote est celui d’un autre organisateur
error-no-account = Ce compte n’existe pas
error-cross-origin = Cette demande vient d’un autre site
    .advice = Ouvrez la page elle-même et réessayez.
error-no-quote = Cette citation n’existe pas
error-not-your-quote = Cette citation est celle de quelqu’un d’autre
error-quote-text = Une citation compte de 1 à 1 000 caractères
error-no-poll = Ce vote n’existe pas
    .advice = Vérifiez l’adresse ou le code. L’organisateur a peut-être supprimé le vote.
error-no-address = Il n’y a rien à cette adresse
    .advice = Vérifiez l’adresse, ou repartez de l’accueil.
error-method = Cette adresse n’accepte pas cette demande
error-body-too-slow = La demande n’est pas arrivée à temps
    .advice = Votre connexion est peut-être lente en ce moment. Revenez en arrière et réessayez.
error-body-too-large = C’est trop long
    .advice = Revenez en arrière et raccourcissez.
error-media-type = Cette demande est incompréhensible
error-already-open = Ce vote est déjà ouvert
error-already-closed = Ce vote est déjà fermé
error-not-open-yet = Ce vote n’est pas ouvert
error-still-counting = Les derniers votes sont en cours de décompte
    .advice = Revenez en arrière et réessayez dans un instant.
error-delete-open = Ce vote est ouvert
    .advice = Fermez-le avant de le supprimer.
error-has-ballots = Des voix ont déjà été reçues : la question et les réponses ne peuvent plus changer
    .advice = Remettez-le à zéro après une répétition, ou dupliquez-le.
error-outdated = Quelqu’un a modifié ce vote entre-temps
    .advice = Rouvrez le formulaire et regardez ce qui a changé.
error-user-taken = Cet identifiant est pris ; choisissez-en un autre
error-name-taken = Un autre vote a ce nom dans l’adresse
    .advice = Revenez en arrière et choisissez-en un autre : ce que vous avez tapé y est encore.
error-closed = Ce vote est fermé
error-not-open = Ce vote n’est pas encore ouvert
error-already-voted = Vous avez déjà voté
    .advice = Dans ce vote, le choix est définitif.
error-code-missing = Ce vote demande un code
    .advice = Ouvrez le lien de votre billet, ou revenez en arrière et tapez son code.
error-code-unknown = Ce code n’existe pas dans ce vote
    .advice = Revenez en arrière, vérifiez-le et tapez-le encore une fois. S’il est juste, demandez-en un autre à l’organisateur.
error-code-used = Ce code de vote a déjà servi
    .advice = Un code compte une fois : ce vote-ci n’a pas été pris. Si ce n’est pas vous qui l’avez utilisé, dites-le à l’organisateur.
error-not-by-code = Ce vote ne se fait pas par codes
    .advice = Qui a une voix se décide à la création. Créez un autre vote, par codes.
error-code-count = On ne peut pas créer ce nombre de codes
    .advice = Un lot a jusqu’à un million de codes, une feuille à imprimer jusqu’à mille, et un vote jusqu’à cinq millions.
error-too-many-codes = Ce vote aurait trop de codes
    .advice = Un vote en a jusqu’à cinq millions, avec ceux qui sont en cours de création. Créez-en moins, ou annulez d’abord un lot.
error-too-many = Trop de demandes
    .advice = Attendez un instant et réessayez.
error-busy = Trop de monde à la fois
    .advice = Attendez un instant et réessayez.
error-unavailable = Indisponible pour le moment
    .advice = Nous nous en occupons. Attendez un instant et réessayez.
error-internal = Quelque chose n’a pas marché ici
    .advice = C’est noté. Réessayez ; si cela dure, dites-le à l’organisateur.
error-fate-refused = Votre vote n’a pas été pris. Revenez en arrière et renvoyez-le.
error-fate-unknown = Nous ne savons pas si votre vote a été pris. Revenez en arrière et renvoyez-le : il ne comptera pas deux fois.
